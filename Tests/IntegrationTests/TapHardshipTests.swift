import Foundation
import Glibc
import Testing
import TestSupport

extension IntegrationTests {
    /// What others do to a tap or a log, or what happens to it, that it has to live through.
    @Suite("Hardships of a tap and a log")
    struct TapHardshipTests {
        /// A capture of nanoseconds (pcap-savefile(5)), with whatever after its header.
        private static func capture(_ lab: CommandLab, _ name: String, _ records: [UInt8]) throws -> String {
            let path = lab.path(name)
            var bytes: [UInt8] = [0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0] + [UInt8](repeating: 0, count: 8)
            bytes += little(262_144) + little(1) + records
            guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
                throw LabError("can't write \(path)")
            }
            return path
        }

        private static func little(_ value: Int) -> [UInt8] {
            (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }

        private static func record(_ frame: [UInt8], length: Int? = nil) -> [UInt8] {
            little(1_700_000_000) + little(0) + little(length ?? frame.count) + little(frame.count) + frame
        }

        private static func files(_ lab: CommandLab, _ directory: String) -> [String] {
            ((try? FileManager.default.contentsOfDirectory(atPath: lab.path(directory))) ?? []).filter {
                !$0.hasPrefix(".")
            }
        }

        @Test("A capture that is damaged in the middle is an error, and what was whole is in a complete file")
        func damagedCapture() throws {
            try withCommandLab(hosts: 0) { lab in
                let frames = TapNumbersTests.frames(3, size: 200)
                let records = frames.flatMap { Self.record($0) } + Self.record(frames[0], length: 1 << 30)
                let file = try Self.capture(lab, "damaged.pcap", records)
                let ended = try lab.portmirror(["log", "-R", file, "--dir", lab.path("d")])
                #expect(ended.status == 1)
                #expect(ended.error.contains("damaged.pcap"))
                #expect(ended.error.contains("copied: 3 frames"))
                let names = Self.files(lab, "d")
                #expect(names.count == 1)
                #expect(try lab.sh("capinfos -c -M -T -r \(lab.path("d"))/*").output.contains("\t3"))
            }
        }

        @Test("simulate spreads as a tap does: ports in their order, then directories") func simulatedSpread() throws {
            try withCommandLab(hosts: 0, alone: ["m1", "m2"]) { lab in
                // Conversations by their ports.
                let frames = (0..<300).map { number in
                    CommandLab.mac(2) + CommandLab.mac(1) + [8, 0, 0x45, 0, 0, 46, 0, 0, 0x40, 0, 64, 17, 0, 0]
                        + [10, 0, 0, 1, 10, 0, 0, 2] + [UInt8(number >> 8), UInt8(number & 255), 0, 53, 0, 26, 0, 0]
                        + [UInt8](repeating: 0, count: 18)
                }
                let file = try Self.capture(lab, "flows.pcap", frames.flatMap { Self.record($0) })
                try TextFile.write(
                    "version: 1\nmirrors:\n  m:\n    from: vnet0\n    to: [files:\(lab.path("d")), m2, m1]\n    spread: true\n",
                    to: lab.path("spread.yaml"))
                let simulated = try lab.portmirror([
                    "simulate", "-f", lab.path("spread.yaml"), "--pcap", file, "--port", "vnet0", "--out",
                    lab.path("s"),
                ])
                #expect(simulated.succeeded, "\(simulated)")
                let tap = try lab.portmirror([
                    "tap", "-R", file, "-o", "files:\(lab.path("d")),m2,m1", "--spread", "--json",
                ])
                let numbers = try LogNumbers(
                    line: try #require(tap.output.split(separator: "\n").last.map(String.init)))
                for output in numbers.outputs {
                    let name = output.output.hasPrefix("files:") ? nil : output.output
                    let path = try #require(
                        Self.files(lab, "s").first { name == nil ? $0.hasPrefix("files-") : $0 == "\(name ?? "").pcap" }
                    )
                    let count = try LoggedFile("\(lab.path("s"))/\(path)").packets.count
                    #expect(output.sent == count && (60...140).contains(count), "\(output)")
                }
                #expect(numbers.outputs.count == 3)
            }
        }

        @Test("Frames of captures are copied to files as they are, however large") func jumboCapture() throws {
            try withCommandLab(hosts: 0) { lab in
                // IPv4 and TCP, 8000 bytes of payload, checksums left out.
                let frame =
                    CommandLab.mac(2) + CommandLab.mac(1) + [8, 0, 0x45, 0, 0x1f, 0x68, 0, 1, 0x40, 0, 64, 6, 0, 0]
                    + [10, 0, 0, 1, 10, 0, 0, 2, 0x10, 0, 0x20, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 0xff, 0xff]
                    + [UInt8](repeating: 0, count: 4) + [UInt8](repeating: 0x5a, count: 8000)
                let file = try Self.capture(lab, "jumbo.pcap", Self.record(frame))
                let ended = try lab.portmirror(["log", "-R", file, "--dir", lab.path("d"), "--format", "pcap"])
                #expect(ended.status == 0)
                let name = try #require(Self.files(lab, "d").first)
                let bytes = try #require(FileManager.default.contents(atPath: lab.path("d/\(name)")))
                #expect(Array(bytes.suffix(frame.count)) == frame)
            }
        }

        @Test("An output whose queue stands still holds up neither the end nor the sums", arguments: [false, true])
        func standstill(isTagged: Bool) throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                try lab.sh("tc qdisc add dev m1 root tbf rate 1kbit burst 1600 limit 3000")
                // The other end may send what is four bytes longer.
                try lab.sh("ip link set m2 mtu 1600", in: lab.taps)
                try lab.remember()
                let tap = try lab.tap(with: ["-i", "m2", "-o", "m1"])
                var frames = TapNumbersTests.frames(2000, size: 1000)
                if isTagged {
                    // Full-size frames with an 802.1ad tag go another way.
                    frames = frames.prefix(20).map { frame in
                        Array(frame[..<12]) + [0x88, 0xa8, 0, 5] + frame[12...] + [UInt8](repeating: 0, count: 500)
                    }
                }
                try FrameSender.send(frames, through: "m2", in: lab.taps)
                let begin = Date()
                let numbers = try tap.stop()
                #expect(Date().timeIntervalSince(begin) < 15)
                #expect(numbers.sent + numbers.failed == numbers.copied)
                #expect(numbers.failed > 0)
            }
        }

        @Test("A manifest that others could have written isn't believed: no file of theirs is deleted")
        func foreignManifest() throws {
            try withCommandLab(hosts: 0) { lab in
                let frames = TapNumbersTests.frames(4, size: 200)
                let file = try Self.capture(lab, "some.pcap", frames.flatMap { Self.record($0) })
                let directory = lab.path("d")
                let log = ["log", "-R", file, "--dir", directory, "--rotate-packets", "1", "--keep-files", "1"]
                #expect(try lab.portmirror(log).status == 0)
                let manifest = try #require(
                    try FileManager.default.contentsOfDirectory(atPath: directory).first {
                        $0.hasPrefix(".portmirror-log-")
                    })
                let forged = "\(directory)/\(manifest.dropLast())2"
                try lab.sh(
                    "cd \(directory) && echo precious >important.txt && cp \(manifest) \(forged) && "
                        + "stat -c 'complete %i %s 1 important.txt' important.txt >>\(forged) && "
                        + "chown nobody \(forged) && chmod 666 \(forged) && mkfifo \(directory)/\(manifest.dropLast())3"
                )
                #expect(try lab.portmirror(log).status == 0)
                #expect(FileManager.default.contents(atPath: "\(directory)/important.txt") == Data("precious\n".utf8))
            }
        }

        @Test("A port that is made anew with the number that it had is heard again, and so is an output")
        func sameNumber() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                let tap = try lab.tap(with: ["-i", "m2", "-o", "m1"])
                for name in ["m2", "m1"] {
                    let index = try lab.sh("ip -o link show dev \(name) | cut -d: -f1").output.split(separator: "\n")[0]
                    // In one go, so that both may be in the same batch of news.
                    let link = lab.standAloneLink(name).replacingOccurrences(
                        of: "link add ", with: "link add index \(index) ")
                    try lab.sh("ip link delete \(name); ip \(link); ip link set \(name) up")
                    try lab.sh("ip link set \(name) up", in: lab.taps)
                    try lab.awaitUp(name)
                    try lab.awaitUp(name, in: lab.taps)
                    try tap.awaitWords("\(name) ")
                }
                let heard = Deadline.poll(seconds: 20) { () -> Bool? in
                    try? FrameSender.send(TapNumbersTests.frames(1), through: "m2", in: lab.taps)
                    return (try? tap.ask())?.sent ?? 0 > 0 ? true : nil
                }
                #expect(heard == true)
                _ = try tap.stop()
            }
        }

        @Test("A port that leaves the watched bridge isn't copied any more, and is once it is back")
        func leaves() throws {
            try withCommandLab(hosts: 2, alone: ["m1"]) { lab in
                let tap = try lab.tap(with: ["--from-bridge", "br0", "-o", "m1", "--user", "nobody"], sources: 3)
                let send = { try FrameSender.send(TapNumbersTests.frames(3), through: "eth0", in: lab.host(1)) }
                try send()
                try tap.awaitNumbers { $0.copied >= 3 }
                try lab.sh("ip link set p1 nomaster")
                try tap.awaitWords("p1 has gone")
                let before = try tap.ask().copied
                try send()
                #expect(try tap.ask().copied == before)
                try lab.sh("ip link set p1 master br0")
                try tap.awaitWords("p1 is ")
                let again = Deadline.poll(seconds: 20) { () -> Bool? in
                    try? send()
                    return (try? tap.ask())?.copied ?? 0 > before ? true : nil
                }
                #expect(again == true)
                _ = try tap.stop()
            }
        }

        @Test("Who waits for captures at a pipe can be stopped") func pipe() throws {
            try withCommandLab(hosts: 0) { lab in
                let fifo = lab.path("fifo")
                try lab.sh("mkfifo \(fifo)")
                let program = try lab.start(
                    [CommandLab.binary, "log", "--json", "-R", fifo, "--dir", lab.path("d")],
                    environment: lab.environment)
                // It has its signals once it has its file.
                let isThere = Deadline.poll(seconds: 20) {
                    FileManager.default.fileExists(atPath: lab.path("d")) ? true : nil
                }
                #expect(isThere == true)
                program.signal(SIGTERM)
                #expect(program.wait(seconds: 20) == 0)
            }
        }

        @Test("daemonlogger goes into the background with another root directory") func daemonInRoot() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                try lab.sh("mkdir -p \(lab.path("root/logs"))")
                let started = try lab.portmirror([
                    "daemonlogger", "-d", "-i", "m1", "-T", lab.path("root"), "-l", "/logs", "-P", lab.path(""), "-p",
                    "x.pid",
                ])
                #expect(started.status == 0)
                #expect(started.error == "")
                let id = try #require(Int32(try lab.sh("cat \(lab.path("x.pid"))").output.split(separator: "\n")[0]))
                kill(id, SIGTERM)
                let ended = Deadline.poll(seconds: 20) { kill(id, 0) != 0 ? true : nil }
                #expect(ended == true)
                #expect(Self.files(lab, "root/logs").count == 1)
            }
        }

        @Test("What the filter leaves out is told while it runs, too") func filteredMeanwhile() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap(with: ["-i", "m2", "-o", "m1", "--", "ether", "proto", "0x88b7"])
                try FrameSender.send(TapNumbersTests.frames(7), through: "m2", in: lab.taps)
                let told = Deadline.poll(seconds: 20) { (try? tap.ask())?.filtered == 7 ? true : nil }
                #expect(told == true)
                _ = try tap.stop()
            }
        }

        @Test("An end in the year 9999 and an interval of a hundred years are waited for") func farAway() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                try lab.sh(
                    "mkdir -p \(lab.configDirectory) && printf 'version: 1\\nmirrors:\\n  far:\\n    from: m2\\n"
                        + "    to: m1\\n    engine: tap\\n    until: 9999-12-31T00:00:00Z\\n' "
                        + ">\(lab.configDirectory)/far.yaml")
                try lab.remember()
                let run = try lab.start(
                    [CommandLab.binary, "run", "far", "--json", "--status-interval", "36500d"],
                    environment: lab.environment)
                let isRunning = Deadline.poll(seconds: 20) { () -> Bool? in
                    (try? lab.portmirror(["list"]).output.contains("active")) == true ? true : nil
                }
                #expect(isRunning == true)
                run.signal(SIGTERM)
                #expect(run.wait(seconds: 20) == 0)
                _ = try lab.portmirror(["remove", "far"])
            }
        }
    }
}
