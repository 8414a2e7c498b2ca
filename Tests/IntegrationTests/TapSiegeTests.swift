import Foundation
import Glibc
import Testing
import TestSupport

extension IntegrationTests {
    /// What others can hold, flood or fool, and a tap goes on all the same.
    @Suite("A tap under siege")
    struct TapSiegeTests {
        @Test("Who locks the directory of sockets, as everybody can, keeps no tap from starting or being seen")
        func lockedDirectory() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                let directory = "\(lab.runDirectory)/taps"
                try lab.sh("mkdir -p \(directory)")
                let holder = try lab.start([
                    "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "flock", directory, "sh", "-c",
                    "echo held; sleep 600",
                ])
                #expect(Deadline.poll(seconds: 10) { holder.output.contains("held") ? true : nil } == true)
                let tap = try lab.tap("-i", "m2", "-o", "m1")
                #expect(try lab.portmirror(["list"]).output.contains("tap-\(tap.program.processID)"))
                try FrameSender.send(TapNumbersTests.frames(5), through: "m2", in: lab.taps)
                try tap.awaitNumbers { $0.sent == 5 }
                _ = try tap.stop()
                holder.signal(SIGTERM)
                _ = holder.wait(seconds: 10)
                // Its owner may lock the file that counts: that is waited for, and said.
                let own = try lab.start(["flock", "\(directory)/.lock", "sh", "-c", "echo held; sleep 600"])
                #expect(Deadline.poll(seconds: 10) { own.output.contains("held") ? true : nil } == true)
                let other = try lab.tap("-i", "m2", "-o", "m1")
                try other.awaitWords("'list' won't show this process: another process, \(own.processID)")
                _ = try other.stop()
                own.signal(SIGTERM)
                _ = own.wait(seconds: 10)
            }
        }

        @Test("Who connects and never reads delays no copy, and others are answered")
        func askersWhoNeverRead() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "m2", "-o", "m1")
                let path = "\(lab.runDirectory)/taps/tap-\(tap.program.processID).sock"
                let script = """
                    import socket, time
                    held = []
                    while len(held) < 300:
                        one = socket.socket(socket.AF_UNIX)
                        one.connect('\(path)')
                        held.append(one)
                    print('connected', flush=True)
                    time.sleep(600)
                    """
                let askers = try lab.start(["python3", "-c", script])
                #expect(Deadline.poll(seconds: 20) { askers.output.contains("connected") ? true : nil } == true)
                let begin = Date()
                try FrameSender.send(TapNumbersTests.frames(100), through: "m2", in: lab.taps)
                try tap.awaitNumbers { $0.sent == 100 }
                #expect(Date().timeIntervalSince(begin) < 2)
                #expect(try lab.portmirror(["list"]).output.contains("tap-\(tap.program.processID)"))
                let open = try FileManager.default.contentsOfDirectory(
                    atPath: "/proc/\(tap.program.processID)/fd")
                #expect(open.count < 80, "\(open.count)")
                askers.signal(SIGTERM)
                _ = askers.wait(seconds: 10)
                _ = try tap.stop()
            }
        }

        @Test("A VM that wants its super-frames cut into bytes gets no copies of them, and that is said")
        func tinySegments() throws {
            try withCommandLab(hosts: 0, alone: ["m1"]) { lab in
                let machine = try lab.addVirtualMachine("vm1")
                try lab.sh("ip link set vm1 up")
                let tap = try lab.tap("-i", "vm1:ingress", "-o", "m1")
                let large = TCPFrame(0..<60_000)
                // The kernel itself refuses some of these.
                for size: UInt16 in [1, 2, 7, 27, 47] { try? machine.send(large, kind: 1, segmentSize: size) }
                for kind: UInt8 in [1, 3, 4, 5, 0x81] {
                    for size: UInt16 in [0, 1, 65535] { try? machine.send(large, kind: kind, segmentSize: size) }
                }
                // What is real goes on.
                try machine.send(tcp: TCPFrame(0..<60_000), segmentSize: 48)
                try machine.send(tcp: TCPFrame(0..<3000), segmentSize: 1400)
                let numbers = try tap.stop()
                #expect(numbers.sources[0].superFrames == 2 || numbers.sources[0].superFrames == 3)
                #expect(numbers.sent + numbers.failed < 1250 + 3 + 2048)
                #expect(numbers.sources[0].unfinished["a super-frame of too many segments"] ?? 0 >= 5, "\(numbers)")
            }
        }

        @Test(
            "While the kernel answers no question for seconds, copies go on without a delay",
            .needs(.tool("strace")), arguments: [[], ["--user", "nobody"]])
        func busyKernel(options: [String]) throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                // Through a queue that somebody chose: frames are sent with another call than questions.
                try lab.sh("tc qdisc add dev m1 root pfifo limit 10000")
                try lab.remember()
                let tap = try lab.tap(with: ["-i", "m2", "-o", "m1", "--status-interval", "1s"] + options)
                let witness = try lab.listenToTap(on: "m1")
                let tracer = try lab.start([
                    "strace", "-f", "-q", "-o", "/dev/null", "-e", "trace=sendto", "-e",
                    "inject=sendto:delay_enter=3000000", "-p", "\(tap.program.processID)",
                ])
                let isTraced = Deadline.poll(seconds: 20) {
                    (TextFile.read("/proc/\(tap.program.processID)/status") ?? "").contains("TracerPid:\t0")
                        ? nil : true
                }
                #expect(isTraced == true)
                // With pauses, after which it looks who is at the output.
                var slowest = 0.0
                for number in 1...30 {
                    let begin = Date()
                    try FrameSender.send(TapNumbersTests.frames(1), through: "m2", in: lab.taps)
                    let arrived = Deadline.poll(seconds: 10) { witness.frames.count >= number ? true : nil }
                    #expect(arrived == true)
                    slowest = max(slowest, Date().timeIntervalSince(begin))
                    usleep(50_000)
                }
                #expect(slowest < 1, "\(slowest) s")
                // News of a port, too.
                let begin = Date()
                try lab.sh("ip link set m2 down")
                try tap.awaitWords("m2 is down")
                try lab.sh("ip link set m2 up")
                try tap.awaitWords("m2 is up again")
                #expect(Date().timeIntervalSince(begin) < 2)
                tracer.signal(SIGTERM)
                _ = tracer.wait(seconds: 20)
                _ = try witness.stop()
                #expect(try tap.stop().sent == 30)
            }
        }

        @Test(
            "Thousands of interfaces that come and go end no tap: it sees what became of its own",
            arguments: [[], ["--from-bridge"]])
        func churn(options: [String]) throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2", "m3", "m4"]) { lab in
                lab.recreatesPorts = true
                let source = options.isEmpty ? ["-i", "m2"] : ["--from-bridge", "br0", "-i", "m2:ingress"]
                let tap = try lab.tap(with: source + ["-o", "m1"], sources: options.isEmpty ? 1 : 3)
                func churn(_ group: Int, _ count: Int) -> String {
                    "for i in $(seq \(count)); do echo link add c\(group)x$i group \(group) type veth peer name d\(group)x$i; "
                        + "done | ip -b - && ip link set group \(group) up && ip link set group \(group) down && "
                        + "ip link del group \(group)"
                }
                // Stopped, it reads no news: more come than there is room for.
                tap.program.signal(SIGSTOP)
                #expect(try lab.run(["sh", "-ec", churn(71, 1500)], seconds: 200).succeeded)
                // One of its own is made anew meanwhile, and nothing of that is told any more.
                try lab.sh("ip link del m2; ip \(lab.standAloneLink("m2")); ip link set m2 up")
                try lab.sh("ip link set m2 up", in: lab.taps)
                let churner = try lab.start(["sh", "-ec", "while :; do \(churn(72, 100)); done"])
                tap.program.signal(SIGCONT)
                let heard = Deadline.poll(seconds: 30) { () -> Bool? in
                    guard tap.program.isRunning else { return false }
                    try? FrameSender.send(TapNumbersTests.frames(1), through: "m2", in: lab.taps)
                    return (try? tap.ask())?.copied ?? 0 > 0 ? true : nil
                }
                #expect(heard == true, "\(tap.program.error)")
                // Ports that join are heard as well, while it goes on and afterwards.
                if !options.isEmpty {
                    try lab.sh("ip link set m3 master br0")
                    try tap.awaitWords("m3 has joined br0")
                }
                churner.signal(SIGTERM)
                _ = churner.wait(seconds: 20)
                if !options.isEmpty {
                    try lab.sh("ip link set m4 master br0")
                    try tap.awaitWords("m4 has joined br0")
                    try lab.sh("ip link set m3 nomaster; ip link set m4 nomaster")
                }
                try lab.sh("ip link del group 72 2>/dev/null || true")
                _ = try tap.stop()
            }
        }

        @Test(
            "While the kernel keeps the way past the output's queue waiting, copies go on through the queue",
            .needs(.tool("strace")), .needs(.directSending))
        func busyBinding() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "m2", "-o", "m1")
                let witness = try lab.listenToTap(on: "m1")
                var sent = 0
                func send() throws {
                    try FrameSender.send(TapNumbersTests.frames(1), through: "m2", in: lab.taps)
                    sent += 1
                    let arrived = Deadline.poll(seconds: 10) { witness.frames.count >= sent ? true : nil }
                    #expect(arrived == true)
                }
                func awaitDirect() throws {
                    let isDirect = try Deadline.poll(seconds: 20) { () throws -> Bool? in
                        try send()
                        return try tap.ask().outputs[0].way == "direct" ? true : nil
                    }
                    #expect(isDirect == true)
                }
                try awaitDirect()
                // bind(2) of an AF_XDP socket waits for rtnl; here it takes as long as if others held that.
                let tracer = try lab.start([
                    "strace", "-f", "-q", "-o", lab.path("binds"), "-e", "trace=bind", "-e",
                    "inject=bind:delay_enter=3000000", "-p", "\(tap.program.processID)",
                ])
                let isTraced = Deadline.poll(seconds: 20) {
                    (TextFile.read("/proc/\(tap.program.processID)/status") ?? "").contains("TracerPid:\t0")
                        ? nil : true
                }
                #expect(isTraced == true)
                // Larger frames take another socket.
                try lab.sh("ip link set m1 mtu 3000")
                var slowest = 0.0
                var reason: String?
                for _ in 0..<40 {
                    let begin = Date()
                    try send()
                    slowest = max(slowest, Date().timeIntervalSince(begin))
                    reason = try reason ?? tap.ask().outputs[0].wayReason
                    usleep(50_000)
                }
                #expect(slowest < 1, "\(slowest) s")
                let words = ["the kernel has yet to answer", "the way past it is still being opened"]
                #expect(words.contains { reason?.contains($0) == true }, "\(reason ?? "")")
                try awaitDirect()
                tracer.signal(SIGTERM)
                _ = tracer.wait(seconds: 20)
                #expect(TextFile.read(lab.path("binds"))?.contains("AF_XDP") == true)
                _ = try witness.stop()
                #expect(try tap.stop().sent == sent)
                try lab.sh("ip link set m1 mtu 1500")
            }
        }

        @Test("Numbers stay right when the watched port is deleted and made anew, again and again")
        func rebirth() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                let tap = try lab.tap("-i", "m2", "-o", "m1", "--status-interval", "1s", "--", "ether proto 0x88b6")
                for round in 1...12 {
                    try FrameSender.send(TapNumbersTests.frames(40), through: "m2", in: lab.taps)
                    // In one go, with the number that it had in every other round.
                    let index = try lab.sh("ip -o link show dev m2 | cut -d: -f1").output.split(separator: "\n")[0]
                    let link = lab.standAloneLink("m2").replacingOccurrences(
                        of: "link add ", with: round % 2 == 0 ? "link add index \(index) " : "link add ")
                    try lab.sh("ip link delete m2; ip \(link); ip link set m2 up")
                    try lab.sh("ip link set m2 up", in: lab.taps)
                    // Asked at any moment.
                    for _ in 0..<5 {
                        let numbers = try tap.ask()
                        let source = numbers.sources[0]
                        #expect(source.filtered + source.unseen <= 40 * round, "\(source)")
                        #expect(source.seen <= 40 * round, "\(source)")
                    }
                    try tap.awaitHearing(lab, "m2")
                }
                let numbers = try tap.stop()
                #expect(numbers.sources[0].seen <= 480)
            }
        }

        @Test("What is sent past the port's queue is called not seen, and nothing is called filtered without a filter")
        func bypass() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                for filter in [[], ["--", "ether", "proto", "0x88b7"]] {
                    let words = try lab.tap(with: ["-i", "m2", "-o", "m1"] + filter, isJSON: false)
                    // Who tells its numbers has read the interface's.
                    words.program.signal(SIGUSR1)
                    try words.awaitWords("copied: 0")
                    let tap = try lab.tap(with: ["-i", "m2", "-o", "m1"] + filter)
                    try FrameSender.send(TapNumbersTests.frames(7), through: "m2", in: lab.sw)
                    try FrameSender.send(TapNumbersTests.frames(20), through: "m2", in: lab.sw, bypassing: true)
                    let (received, missed) = filter.isEmpty ? (7, 20) : (0, 27)
                    try tap.awaitNumbers { $0.sources[0].seen == 27 && $0.received == received }
                    let source = try tap.stop().sources[0]
                    #expect((source.filtered, source.unseen) == (filter.isEmpty ? (0, missed) : (missed, 0)))
                    words.program.signal(SIGTERM)
                    #expect(words.program.wait(seconds: 20) == 0)
                    let expected =
                        filter.isEmpty
                        ? "m2: received 7 frames, lost 0, not seen 20 (the interface counted them)\n"
                        : "m2: received 0 frames, lost 0, filtered 27\n"
                    #expect(words.program.error.contains(expected), "\(words.program.error)")
                }
            }
        }

        @Test("A tap that is late isn't said not to run, and what one left goes though its number is another's")
        func lateAndLeft() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "cut", "--from", "p1", "--to", "p3", "--snaplen", "60"])
                let tap = try CopyingProgram(lab, ["run", "cut", "--json"])
                #expect(try lab.mirror("show", "cut").output.contains("to: p3, up; "))
                tap.program.signal(SIGSTOP)
                let state = try lab.state("cut")
                #expect(state.state == "waiting")
                #expect(
                    state.reason.contains("(process") == false && !state.reason.contains("isn't running"), "\(state)")
                #expect(state.reason.contains("hasn't answered within 2 seconds"), "\(state)")
                tap.program.signal(SIGCONT)
                let isBack = try Deadline.poll(seconds: 20) { try lab.state("cut").state == "active" ? true : nil }
                #expect(isBack == true)
                try lab.mirror("remove", "cut")
                try tap.end()
                // Process 1 is always there.
                let left = "\(lab.runDirectory)/taps/tap-1.sock"
                try lab.sh("python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"\(left)\")'")
                #expect(FileManager.default.fileExists(atPath: left))
                #expect(try lab.portmirror(["list"]).succeeded)
                #expect(!FileManager.default.fileExists(atPath: left))
            }
        }

        @Test("'remove' of a process without a definition says what it is and how to end it, and 'ports' shows it")
        func processWithoutDefinition() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                let tap = try lab.tap("-i", "m2", "-o", "m1")
                let name = "tap-\(tap.program.processID)"
                let refused = try lab.portmirror(["remove", name])
                #expect(refused.status == 1)
                #expect(refused.error.contains("\(name) has no definition: it is process \(tap.program.processID)"))
                #expect(refused.error.contains("kill \(tap.program.processID)"))
                let ports = try lab.portmirror(["ports"]).output.split(separator: "\n").map(String.init)
                #expect(ports.contains { $0.hasPrefix("m2 ") && $0.hasSuffix("source of \(name)") }, "\(ports)")
                #expect(ports.contains { $0.hasPrefix("m1 ") && $0.hasSuffix("output of \(name)") }, "\(ports)")
                try lab.mirror("add", "real", "--from", "p1", "--to", "m1")
                #expect(try lab.portmirror(["remove", "real", name]).status == 1)
                #expect(try lab.portmirror(["show", "real"]).succeeded)
                let all = try lab.portmirror(["remove", "--all"])
                #expect(all.status == 0 && all.error.contains("\(name) has no definition"))
                #expect(try lab.portmirror(["show", "real"]).status == 1)
                #expect(tap.program.isRunning)
                _ = try tap.stop()
                #expect(try lab.portmirror(["remove", name]).status == 1)
            }
        }
    }
}
