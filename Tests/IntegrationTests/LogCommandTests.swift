import CaptureFile
import Foundation
import LinuxSystem
import TestSupport
import Testing

extension IntegrationTests {
    /// `portmirror log`, option by option.
    @Suite("Packet logs from the command line", .needs(.tool("tshark"), .tool("capinfos"), .tool("zstd")))
    struct LogCommandTests {
        /// Logs what is sent through m1 until it is told to stop, and returns the numbers at the end.
        private func log(
            _ lab: CommandLab, _ options: [String], directory: String? = nil, _ body: (CopyingProgram) throws -> Void
        ) throws -> (numbers: LogNumbers, directory: String) {
            let directory = directory ?? lab.path("log")
            let log = try CopyingProgram(lab, ["log", "-i", "m1", "--dir", directory, "--json"] + options)
            try body(log)
            return (try log.finish(), directory)
        }

        @Test(
            "Every frame is in the files, once and in order, and other programs read them",
            arguments: [
                ("pcapng", nil), ("pcapng", "zstd"), ("pcap", nil), ("pcap", "zstd"),
            ])
        func formats(format: String, compression: String?) throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                var options = ["--format", format, "--rotate-packets", "40"]
                if let compression { options += ["--compress", compression] }
                let (numbers, directory) = try log(lab, options) { log in
                    try lab.send(0..<100)
                    try log.wait(received: 100)
                }
                let files = try LoggedFile.all(in: directory)
                #expect(files.map(\.packets.count) == [40, 40, 20])
                #expect(files.flatMap(\.numbers) == Array(0..<100))
                for file in files {
                    #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count))
                    #expect(file.name.hasPrefix("m1-20"))
                    #expect(file.name.hasSuffix(".\(format)" + (compression == nil ? "" : ".zst")))
                    #expect(file.packets.allSatisfy { $0.capturedBytes == NumberedFrame.make($0.number ?? -1) })
                }
                let output = try #require(numbers.outputs.first)
                #expect(output.sent == 100 && output.failed == 0 && output.bytes == 6000)
                #expect(output.files?.finished == 3 && output.files?.removed == 0)
                let bytes = try files.reduce(0) { $0 + (try Files.read($1.path)?.count ?? 0) }
                #expect(output.files?.bytes == bytes)
                #expect(try LoggedFile.hidden(in: directory) == [])
            }
        }

        @Test("A directory that isn't there is made and given to --user, whose files are nobody else's to read")
        func directory() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let (_, directory) = try log(lab, ["--user", "nobody"], directory: lab.path("a/new/log")) { log in
                    try lab.send(0..<10)
                    try log.wait(received: 10)
                    #expect(CopyingProgram.field("Uid", of: log.id)?.hasPrefix("65534\t65534\t65534\t65534") == true)
                    for set in ["CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"] {
                        #expect(CopyingProgram.field(set, of: log.id).flatMap { UInt64($0, radix: 16) } == 0, "\(set)")
                    }
                    #expect(CopyingProgram.field("NoNewPrivs", of: log.id) == "1")
                }
                #expect(try lab.sh("stat -c '%U %a' \(directory)").output == "nobody 750\n")
                #expect(try lab.sh("stat -c '%U %a' \(directory)/*.pcapng").output == "nobody 600\n")
                #expect(try LoggedFile.all(in: directory).flatMap(\.numbers) == Array(0..<10))
            }
        }

        @Test(
            "A directory of somebody else's, after a run as root or the reverse: it says whose it is, and the way out")
        func othersDirectory() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                // (Who logged there first, who comes then.)
                for (first, options, user, owner) in [
                    ("root", ["--user", "nobody"], "nobody", "root"), ("nobody", [], "root", "nobody"),
                ] {
                    let directory = lab.path("of-\(first)")
                    _ = try log(lab, first == "root" ? [] : ["--user", first], directory: directory) { _ in }
                    let command = ["log", "-i", "m1", "--dir", directory, "-c", "1"]
                    let refused = try lab.portmirror(command + options)
                    #expect(refused.status == 1)
                    #expect(
                        refused.error.contains(
                            "\(user) can't write to \(plain(directory)) (owned by \(owner), mode 750)"),
                        "\(refused)")
                    #expect(refused.error.contains("chown \(user) \(plain(directory))"), "\(refused)")
                    // Both ways that it names.
                    #expect(refused.error.contains(owner == "root" ? "as root, without -u" : "-u nobody"), "\(refused)")
                    _ = try log(lab, first == "root" ? [] : ["-u", first], directory: directory) { _ in }
                    try lab.sh("chown \(user) \(directory)")
                    _ = try log(lab, options, directory: directory) { log in
                        try lab.send(0..<3)
                        try log.wait(received: 3)
                    }
                }
            }
        }

        @Test(
            "A disk that stands still while files rotate: each file is whole, what doesn't fit is counted, and it is said",
            .needs(.tool("strace")))
        func stillDiskWhileRotating() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                try lab.remember()
                // The writer's third buffer: 16 of 1 MiB each is all that may wait.
                let log = try CopyingProgram(
                    lab,
                    [
                        "-f", "-qq", "-o", "/dev/null", "-e", "trace=sync_file_range", "-e",
                        "inject=sync_file_range:delay_enter=4s:when=3", CommandLab.binary, "log", "-i", "m1", "--dir",
                        lab.path("log"), "--rotate-size", "1000K", "--json",
                    ], command: "strace", traced: true)
                try lab.send(0..<24_000, bytes: 1000)
                try log.wait(until: "all counted") { $0.outputs[0].sent + $0.outputs[0].failed == 24_000 - $0.lost }
                try log.wait(until: "written") { ($0.outputs[0].files?.bytes ?? 0) >= $0.outputs[0].sent * 1000 }
                try lab.send(24_000..<24_500, bytes: 1000)
                let numbers = try log.finish()
                let output = try #require(numbers.outputs.first)
                #expect(numbers.received == 24_500)
                #expect(output.failed > 0 && output.reasons == ["no-buffer": output.failed])
                #expect(log.program.error.contains("the disk has taken nothing for a second"), "\(log.program.error)")
                let files = try LoggedFile.all(in: lab.path("log"))
                #expect(files.map(\.packets.count).reduce(0, +) == output.sent)
                let found = files.flatMap(\.numbers)
                #expect(zip(found, found.dropFirst()).allSatisfy { $0 < $1 })
                #expect(found.suffix(500) == Array(24_000..<24_500)[...])
                for file in files {
                    #expect(file.statistics.count == 1)
                    #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count))
                }
            }
        }

        @Test("Without --user root stays, but without its powers") func root() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                _ = try log(lab, []) { log in
                    #expect(CopyingProgram.field("Uid", of: log.id)?.hasPrefix("0\t") == true)
                    #expect(CopyingProgram.field("CapEff", of: log.id).flatMap { UInt64($0, radix: 16) } == 0)
                    #expect(CopyingProgram.field("NoNewPrivs", of: log.id) == "1")
                }
            }
        }

        @Test("--group alone, and a user or group that nobody knows") func groups() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                _ = try log(lab, ["--group", "nogroup"]) { log in
                    #expect(CopyingProgram.field("Gid", of: log.id)?.hasPrefix("65534\t65534") == true)
                }
                for options in [["--user", "no-such-user"], ["--group", "no-such-group"]] {
                    let refused = try lab.portmirror(
                        ["log", "-i", "m1", "--dir", lab.path("not"), "-c", "1"] + options)
                    #expect(refused.status == 1 && refused.error.contains(options[1]), "\(refused)")
                    #expect(!Files.exists(lab.path("not")))
                }
            }
        }

        @Test("--chroot: the directory is in there, and compression works all the same") func chroot() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                try lab.sh("mkdir \(lab.path("jail"))")
                _ = try log(
                    lab, ["--chroot", lab.path("jail"), "--user", "nobody", "--compress", "zstd"], directory: "/in/it"
                ) { log in
                    #expect(
                        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(log.id)/root")
                            .hasSuffix("\(lab.name)/jail"))
                    try lab.send(0..<10)
                    try log.wait(received: 10)
                }
                let files = try LoggedFile.all(in: lab.path("jail/in/it"))
                #expect(files.flatMap(\.numbers) == Array(0..<10))
                #expect(files.allSatisfy { $0.name.hasSuffix(".pcapng.zst") })
            }
        }

        @Test("--after-rotation runs in another root directory, which needs a shell and no devices")
        func commandInChroot() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let jail = lab.path("jail")
                try lab.sh("mkdir -p \(jail)/out; chmod 777 \(jail)/out")
                try lab.sh("cp -L --parents /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*') \(jail)")
                _ = try log(
                    lab,
                    [
                        "--chroot", jail, "--user", "nobody", "--rotate-packets", "5", "--after-rotation",
                        // There is nothing to read.
                        "read x; [ $? = 1 ] && echo \"$1\" >> /out/done",
                    ], directory: "/in/it"
                ) { log in
                    try lab.send(0..<10)
                    try log.wait(received: 10)
                }
                let done = (TextFile.read("\(jail)/out/done") ?? "").split(separator: "\n")
                let files = try LoggedFile.all(in: "\(jail)/in/it").map { "/in/it/\($0.name)" }
                #expect(files.count == 2 && done.map(String.init).sorted() == files.sorted(), "\(done)")
            }
        }

        /// Starts a log of three frames, with something amiss at a system call.
        private func traced(
            _ lab: CommandLab, _ call: String, _ fault: String, _ options: [String] = []
        ) throws -> BackgroundProgram {
            try lab.remember()
            return try lab.start(
                ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)", "-e", "inject=\(call):\(fault)"]
                    + [CommandLab.binary, "log", "-i", "m1", "--dir", lab.path("log"), "-c", "3"] + options,
                environment: lab.environment)
        }

        @Test("SIGUSR1 that comes before the log is ready is answered when it is", .needs(.tool("strace")))
        func earlySignal() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let log = try traced(lab, "socket", "signal=SIGUSR1:when=1")
                let isAnswered = Deadline.poll(seconds: 20) {
                    log.error.contains("copied: ") ? true : log.isRunning ? nil : false
                }
                #expect(isAnswered == true, "\(log.error)")
                try lab.send(0..<3)
                #expect(Deadline.poll(seconds: 20) { log.isRunning ? nil : true } == true)
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.numbers) == Array(0..<3))
            }
        }

        @Test("A disk that stands still at the end is waited for, and that is said", .needs(.tool("strace")))
        func stillDisk() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                // The last file gets its name when the log ends.
                let log = try traced(lab, "renameat2", "delay_enter=5s", ["--status-interval", "1s"])
                #expect(Deadline.poll(seconds: 20) { log.error.contains("copied: ") ? true : nil } == true)
                try lab.send(0..<3)
                #expect(Deadline.poll(seconds: 30) { log.isRunning ? nil : true } == true)
                #expect(log.error.contains("doesn't take the last packets; still waiting for it"), "\(log.error)")
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.numbers) == Array(0..<3))
            }
        }

        @Test("--name: strftime's conversions, the interface and a number that goes on with the next run")
        func names() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                for round in 0..<2 {
                    _ = try log(lab, ["--name", "x-{interface}-%Y-{seq:04}-%%", "--rotate-packets", "5"]) { log in
                        try lab.send(round * 10..<round * 10 + 10)
                        try log.wait(received: 10)
                    }
                }
                let year = Calendar(identifier: .gregorian).component(.year, from: Date())
                let files = try LoggedFile.all(in: lab.path("log"))
                let first = try #require(files.first.flatMap { Int($0.name.split(separator: "-")[3]) })
                #expect(files.map(\.name) == (0..<4).map { "x-m1-\(year)-000\(first + $0)-%.pcapng" })
                #expect(files.flatMap(\.numbers) == Array(0..<20))
                let refused = try lab.portmirror(["log", "-i", "m1", "--dir", lab.path("log"), "--name", "../x"])
                #expect(refused.status == 64 && refused.error.contains("'/'"), "\(refused)")
            }
        }

        @Test("--rotate-size: no file is larger, and none is much smaller") func size() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let (_, directory) = try log(lab, ["--rotate-size", "64K"]) { log in
                    try lab.send(0..<1000, bytes: 1000)
                    try log.wait(received: 1000)
                }
                let sizes = try LoggedFile.names(in: directory).map { try Files.read("\(directory)/\($0)")?.count ?? 0 }
                #expect(sizes.count == 17)
                #expect(sizes.allSatisfy { $0 <= 65536 })
                #expect(sizes.dropLast().allSatisfy { $0 > 65536 - 1500 })
                #expect(try LoggedFile.all(in: directory).flatMap(\.numbers) == Array(0..<1000))
            }
        }

        @Test("--snaplen cuts, and the original length stays", arguments: ["pcapng", "pcap"])
        func snaplen(format: String) throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let (numbers, directory) = try log(lab, ["--snaplen", "100", "--format", format]) { log in
                    try lab.send(0..<10, bytes: 60)
                    try lab.send(10..<20, bytes: 1000)
                    try log.wait(received: 20)
                }
                let file = try #require(try LoggedFile.all(in: directory).first)
                #expect(
                    file.packets.map(\.capturedBytes.count) == [Int](repeating: 60, count: 10)
                        + [Int](repeating: 100, count: 10))
                #expect(
                    file.packets.map(\.originalLength) == [UInt32](repeating: 60, count: 10)
                        + [UInt32](repeating: 1000, count: 10))
                #expect(file.interfaces.map(\.snaplen) == [100])
                #expect(try WitnessedCount(file.path) == WitnessedCount(all: 20))
                let lengths = try lab.sh("tshark -n -r \(file.path) -T fields -e frame.len -e frame.cap_len | sort -u")
                    .output
                #expect(lengths == "1000\t100\n60\t60\n")
                #expect(numbers.outputs.first?.bytes == 10 * 60 + 10 * 100)
            }
        }

        @Test("-c ends after so many frames, and says what came after them") func limit() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let log = try CopyingProgram(lab, ["log", "-i", "m1", "--dir", lab.path("log"), "--json", "-c", "25"])
                try lab.send(0..<40)
                try log.end()
                let numbers = try log.finish()
                #expect(numbers.copied == 25)
                let source = try #require(numbers.sources.first)
                #expect(source.received == 25 + source.beyondLimit + source.lost)
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.numbers) == Array(0..<25))
            }
        }

        @Test("--for ends after that time, on an idle link too, with status 0 and the counters") func duration() throws
        {
            try withCommandLab(hosts: 0, alone: ["m1", "m2"]) { lab in
                let began = Deadline.now()
                let log = try CopyingProgram(
                    lab, ["log", "-i", "m1", "--dir", lab.path("log"), "--json", "--for", "2s"])
                try lab.send(0..<10)
                try log.end()
                #expect((1.9..<10).contains(Deadline.now() - began))
                let last = try #require(log.program.output.split(separator: "\n").last)
                #expect(try LogNumbers(line: last).outputs.map(\.sent) == [10])
                #expect(try LoggedFile.all(in: lab.path("log")).flatMap(\.numbers) == Array(0..<10))

                let tap = try CopyingProgram(lab, ["tap", "-i", "m1", "-o", "m2", "--for", "1s"])
                try tap.end()
                #expect(tap.program.error.contains("copied: "), "\(tap.program.error)")
                let wrong = try lab.portmirror(["log", "-i", "m1", "--dir", lab.path("log"), "--for", "soon"])
                #expect(wrong.status == 64 && wrong.error.contains("45s, 10m"), "\(wrong)")
            }
        }

        @Test("--rotate-files ends after so many finished files, of log and of tap, by packets and by the clock")
        func fileLimit() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                for command in [["log", "--dir"], ["tap", "-o"]] {
                    let directory = lab.path(command[0])
                    let output = command[0] == "tap" ? "files:\(directory)" : directory
                    let options = [command[1], output, "--rotate-packets", "4", "--rotate-files", "3"]
                    let log = try CopyingProgram(lab, [command[0], "-i", "m1", "--json"] + options)
                    try lab.send(0..<13)
                    try log.end()
                    let last = try #require(log.program.output.split(separator: "\n").last)
                    #expect(try LogNumbers(line: last).outputs.map { $0.files?.finished } == [3])
                    // The thirteenth, which showed that there were enough, is none that was copied.
                    let numbers = try JSONDecoder().decode(TapNumbers.self, from: Data(last.utf8))
                    #expect((numbers.copied, numbers.sent, numbers.failed) == (12, 12, 0))
                    #expect(numbers.sources.map(\.beyondLimit) == [1] && numbers.received == 13)
                    let files = try LoggedFile.all(in: directory)
                    #expect(files.map(\.numbers) == [Array(0..<4), Array(4..<8), Array(8..<12)])
                }
                let idle = try CopyingProgram(
                    lab, ["log", "-i", "m1", "--dir", lab.path("idle"), "--rotate-time", "1s", "--rotate-files", "2"])
                try idle.end()
                #expect(try LoggedFile.names(in: lab.path("idle")).count == 2)
                for options in [["--rotate-files", "3"], ["--rotate-files", "0", "--rotate-size", "1M"]] {
                    let wrong = try lab.portmirror(["log", "-i", "m1", "--dir", lab.path("log")] + options)
                    #expect(wrong.status == 64 && wrong.error.contains("--rotate-files"), "\(wrong)")
                }
            }
        }

        @Test(
            "-R with --sample copies a share, and greater, less and len mean the frame on the wire, not what was kept")
        func replaySelectors() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                // 200 frames of 1000 bytes and 200 of 60, cut to 50.
                let (_, whole) = try log(lab, ["--snaplen", "50"]) { log in
                    try lab.send(0..<200, bytes: 1000)
                    try lab.send(200..<400)
                    try log.wait(received: 400)
                }
                let file = "\(whole)/\(try #require(try LoggedFile.names(in: whole).first))"
                func replayed(_ arguments: [String]) throws -> [Int] {
                    let directory = lab.path("replayed-\(UUID().uuidString)")
                    let outcome = try lab.portmirror(["log", "-R", file, "--dir", directory] + arguments)
                    #expect(outcome.succeeded, "\(outcome)")
                    return try LoggedFile.all(in: directory).flatMap(\.numbers)
                }
                #expect(try replayed(["--", "greater", "500"]) == Array(0..<200))
                #expect(try replayed(["--", "less", "100"]) == Array(200..<400))
                #expect(try replayed(["--", "len", "=", "1000"]) == Array(0..<200))
                // tcpdump on a live port says the same.
                let sampled = try replayed(["--sample", "4"]).count
                // Beyond this by chance once in a billion.
                #expect((50..<155).contains(sampled), "\(sampled)")

                let definition = "version: 1\nmirrors:\n  m:\n    from: vnet0\n    to: vnet1\n    filter: greater 500\n"
                try TextFile.write(definition, to: lab.path("m.yaml"))
                let simulated = try lab.portmirror([
                    "simulate", "-f", lab.path("m.yaml"), "--pcap", file, "--port", "vnet0", "--out", lab.path("sim"),
                ])
                #expect(simulated.succeeded, "\(simulated)")
                #expect(try LoggedFile("\(lab.path("sim"))/vnet1.pcap").numbers == Array(0..<200))
            }
        }

        @Test("-R: captures of any kind, one after the other, filtered, without privileges and without a namespace")
        func replay() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                for (number, options) in [["--format", "pcap"], ["--compress", "zstd"]].enumerated() {
                    _ = try log(lab, ["--name", "old"] + options, directory: lab.path("in")) { log in
                        try lab.send(number * 100..<number * 100 + 100, bytes: 60 + number * 100)
                        try log.wait(received: 100)
                    }
                }
                let directory = lab.path("in")
                try lab.sh(
                    "chmod 755 \(directory); chmod 644 \(directory)/*; install -d -o nobody \(lab.path("out")) \(lab.path("some"))"
                )
                func replayed(_ output: String, _ filter: String) throws -> ProgramOutcome {
                    try lab.run(
                        [
                            "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", CommandLab.binary, "log",
                            "-R", "\(directory)/old.pcap", "\(directory)/old.pcapng.zst", "--dir", lab.path(output),
                            "--json", "--rotate-packets", "60", filter,
                        ], environment: lab.environment)
                }
                let all = try replayed("out", "ether proto 0x88b6")
                #expect(all.succeeded, "\(all)")
                let numbers = try LogNumbers(line: all.output)
                #expect(numbers.copied == 200 && numbers.outputs.first?.sent == 200)
                let files = try LoggedFile.all(in: lab.path("out"))
                #expect(files.map(\.packets.count) == [60, 60, 60, 20])
                #expect(files.flatMap(\.numbers) == Array(0..<200))
                // Times are those of the captures.
                let old = try LoggedFile.all(in: directory).flatMap(\.packets)
                #expect(files.flatMap(\.packets).map(\.timestamp) == old.map(\.timestamp))
                for file in files { #expect(try WitnessedCount(file.path) == WitnessedCount(all: file.packets.count)) }
                let some = try replayed("some", "greater 100")
                #expect(some.succeeded, "\(some)")
                #expect(try LoggedFile.all(in: lab.path("some")).flatMap(\.numbers) == Array(100..<200))
                let missing = try lab.portmirror(["log", "-R", lab.path("none"), "--dir", lab.path("out")])
                #expect(missing.status == 1 && missing.error.contains("can't read \(lab.path("none"))"))
            }
        }

        @Test("--after-rotation runs for each complete file, as the user that the log has become") func command() throws
        {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let list = lab.path("list")
                try lab.sh("install -m 666 /dev/null \(list)")
                let (_, directory) = try log(
                    lab,
                    [
                        "--rotate-packets", "10", "--user", "nobody", "--after-rotation",
                        "test -f \"$1\" && test \"$(id -u)\" = 65534 && echo \"$@\" >> \(list)",
                    ]
                ) { log in
                    try lab.send(0..<30)
                    try log.wait(received: 30)
                }
                let names = try LoggedFile.names(in: directory)
                let path = plain(directory)
                #expect(names.count == 3)
                #expect(
                    (TextFile.read(list) ?? "").split(separator: "\n").sorted() == names.map { "\(path)/\($0)" })
                let failing = try CopyingProgram(
                    lab, ["log", "-i", "m1", "--dir", lab.path("failing"), "--json", "--after-rotation", "exit 3"])
                try lab.send(0..<1)
                try failing.wait(received: 1)
                _ = try failing.finish()
                #expect(failing.program.error.contains("failed with exit status 3"))
            }
        }

        @Test("SIGHUP begins a new file, SIGUSR1 and --status-interval tell numbers, in words too") func signals()
            throws
        {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let (_, directory) = try log(lab, ["--status-interval", "1s"]) { log in
                    for round in 0..<3 {
                        try lab.send(round * 10..<round * 10 + 10)
                        // What the kernel still keeps back goes to the next file.
                        try log.wait(until: "copied \(round * 10 + 10)") {
                            $0.outputs.first?.sent ?? 0 >= round * 10 + 10
                        }
                        log.program.signal(1)
                        try log.wait(until: "began file \(round + 2)") {
                            $0.outputs.first?.files?.finished == round + 1
                        }
                    }
                    let before = log.program.output.split(separator: "\n").count
                    let told = Deadline.poll(seconds: 10) {
                        log.program.output.split(separator: "\n").count >= before + 2 ? true : nil
                    }
                    #expect(told == true)
                }
                let files = try LoggedFile.all(in: directory)
                #expect(files.map(\.numbers) == [Array(0..<10), Array(10..<20), Array(20..<30), []])

                let words = try CopyingProgram(lab, ["log", "-i", "m1", "--dir", lab.path("words")])
                try lab.send(0..<10)
                let said = try Deadline.poll(seconds: 10) { try words.tell().hasPrefix("10 frames") ? true : nil }
                #expect(said == true)
                try words.end(by: 15)
                #expect(words.program.error.contains("m1: received 10 frames, lost 0\ncopied: 10 frames\n"))
                #expect(words.program.error.contains("written 10 frames, 600 B, failed 0; 1 file,"))
                let quiet = try CopyingProgram(lab, ["log", "-i", "m1", "--dir", lab.path("quiet"), "-q"])
                let before = quiet.program.error
                try quiet.end(by: 15)
                #expect(quiet.program.error == before)
            }
        }

        @Test("Directions are right, in both, in one, and for a port that is asked for one") func directions() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                func logged(_ arguments: [String], _ count: Int) throws -> LoggedFile {
                    let directory = lab.path("d\(arguments.joined(separator: "-").filter { $0.isLetter })")
                    let log = try CopyingProgram(lab, ["log", "--dir", directory, "--json"] + arguments)
                    try lab.send(0..<5)
                    try lab.send(5..<10, in: lab.sw)
                    try log.wait(received: count)
                    #expect(try log.finish().copied == count)
                    return try #require(try LoggedFile.all(in: directory).first)
                }
                let both = try logged(["-i", "m1"], 10)
                for packet in both.packets {
                    #expect(packet.direction == ((packet.number ?? 0) < 5 ? .inbound : .outbound))
                }
                let told = try lab.sh(
                    "tshark -n -r \(both.path) -T fields -e frame.packet_flags_direction | sort | uniq -c | tr -s ' '"
                ).output
                #expect(told == " 5 0x00000001\n 5 0x00000002\n")
                #expect(try logged(["-i", "m1:ingress"], 5).numbers == Array(0..<5))
                #expect(try logged(["-i", "m1", "--direction", "egress"], 5).numbers == Array(5..<10))
            }
        }

        @Test("The statistics in the last file are the numbers that the program prints") func statistics() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let (numbers, directory) = try log(lab, ["--rotate-packets", "30", "less 100"]) { log in
                    try lab.send(0..<50)
                    try lab.send(50..<100, bytes: 500)
                    try lab.send(100..<120)
                    try log.wait(received: 70)
                }
                let files = try LoggedFile.all(in: directory)
                #expect(files.map(\.packets.count) == [30, 30, 10])
                let source = try #require(numbers.sources.first)
                let last = try #require(files.last?.statistics.first)
                #expect(last.received == UInt64(source.seen))
                #expect(last.accepted == UInt64(source.received))
                #expect(last.droppedBySystem == UInt64(source.lost))
                #expect(last.delivered == UInt64(source.received - source.lost - source.beyondLimit))
                #expect(source.seen == 120 && source.received == 70 && source.filtered == 50)
                let delivered = files.compactMap { $0.statistics.first?.delivered }
                #expect(delivered.count == 3 && delivered == delivered.sorted() && delivered.last == 70)
                for file in files {
                    #expect(file.statistics.count == 1)
                    let block = try #require(file.statistics.first)
                    #expect((block.start ?? .max) <= (block.end ?? .min))
                    #expect(
                        file.interfaces.first?.options.contains { $0.value == [0] + Array("less 100".utf8) } == true)
                }
            }
        }
    }
}

extension CapturedPacket {
    /// Of a numbered frame.
    fileprivate var number: Int? { NumberedFrame.number(capturedBytes) }
}
