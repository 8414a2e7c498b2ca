import Foundation
import Testing
import TestSupport

extension IntegrationTests {
    /// Copies pass an output's queue by as long as nothing there would miss them.
    @Suite("A tap's way past the queue", .needs(.tool("tcpdump"), .directSending))
    struct TapWayTests {
        /// A tap from m2 to m1, and what has been sent through it so far.
        private final class Course {
            let lab: CommandLab
            let tap: TapProgram
            private(set) var sent = 0

            init(_ lab: CommandLab, _ tap: TapProgram) {
                self.lab = lab
                self.tap = tap
            }

            /// Sends frames into the source's other end, and waits until they have gone on.
            func send(_ count: Int) throws {
                try FrameSender.send(TapNumbersTests.frames(count), through: "m2", in: lab.taps)
                sent += count
                try tap.awaitNumbers { $0.copied == sent }
            }

            /// Sends frames until they go this way. The tap looks once a second, when there is something to send.
            func await(_ way: String, location: SourceLocation = #_sourceLocation) throws {
                let found = try Deadline.poll(seconds: 10) { () throws -> Bool? in
                    try send(1)
                    return try self.way == way ? true : nil
                }
                #expect(found == true, "copies go otherwise than \(way)", sourceLocation: location)
            }

            var way: String? { get throws { try tap.ask().outputs.first?.way } }
        }

        private static func withCourse(
            _ options: [String] = [], output: String = "m1", before: (CommandLab) throws -> Void = { _ in },
            _ body: (Course) throws -> Void
        ) throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2", "m3"]) { lab in
                try before(lab)
                let course = Course(lab, try lab.tap(with: ["-i", "m2", "-o", output] + options))
                try body(course)
                let numbers = try course.tap.stop()
                #expect((numbers.received, numbers.lost, numbers.copied) == (course.sent, 0, course.sent))
            }
        }

        @Test("Copies of a plain port pass its queue by: in their order, none twice, and the port counts each")
        func direct() throws {
            try Self.withCourse { course in
                let witness = try course.lab.listenToTap(on: "m1")
                let before = try course.lab.counters(of: "m1").sent
                try course.send(1000)
                #expect(try course.way == "direct")
                #expect(try course.lab.counters(of: "m1").sent == before + 1000)
                let frames = try witness.finish(expecting: 1000, sentinelThrough: "m1")
                #expect(frames == TapNumbersTests.frames(1000))
            }
        }

        @Test("--through-queue, --keep-offloads, a queue that somebody chose, a port on top of another: the queue")
        func queue() throws {
            try Self.withCourse(["--through-queue"]) { course in
                try course.send(3)
                #expect(try course.way == "queue")
            }
            try Self.withCourse(["--keep-offloads"]) { course in
                try course.send(3)
                #expect(try course.way == "queue")
            }
            try Self.withCourse(before: { try $0.sh("tc qdisc add dev m1 root pfifo limit 100") }) { course in
                try course.send(3)
                #expect(try course.way == "queue")
            }
            let stacked =
                "ip link add d1 type bridge mcast_snooping 0; ip link set m3 master d1; ip link set d1 addrgenmode none up"
            try Self.withCourse(output: "d1", before: { try $0.sh(stacked) }) { course in
                let witness = try course.lab.listenToTap(on: "m3")
                try course.send(3)
                #expect(try course.way == "queue")
                #expect(try witness.finish(expecting: 3, sentinelThrough: "m3") == TapNumbersTests.frames(3))
            }
        }

        @Test(
            "Who listens at the output sees every copy, and once he has gone they pass the queue by again",
            arguments: [false, true])
        func listener(isPromiscuous: Bool) throws {
            try Self.withCourse { course in
                try course.await("direct")
                let witness = try course.lab.listen(
                    in: course.lab.sw, on: "m1", direction: "out", isPromiscuous: isPromiscuous)
                try course.await("queue")
                let before = witness.frames.count
                try course.send(50)
                let seen = Deadline.poll(seconds: 10) { witness.frames.count >= before + 50 ? true : nil }
                #expect(seen == true)
                _ = try witness.stop()
                try course.await("direct")
            }
        }

        @Test("A mirror whose source is the output gets the tap's copies, as long as it is there")
        func chain() throws {
            try Self.withCourse { course in
                try course.await("direct")
                try course.lab.mirror("add", "next", "--from", "m1:egress", "--to", "m3")
                try course.await("queue")
                let witness = try course.lab.listenToTap(on: "m3")
                try course.send(20)
                #expect(try witness.finish(expecting: 20, sentinelThrough: "m3") == TapNumbersTests.frames(20))
                try course.lab.mirror("remove", "next")
                try course.await("direct")
            }
        }

        @Test("Two taps to one port: the second goes through the queue, and both deliver")
        func shared() throws {
            try Self.withCourse { course in
                try course.await("direct")
                let other = try course.lab.tap("-i", "m3", "-o", "m1")
                let witness = try course.lab.listenToTap(on: "m1")
                try FrameSender.send(TapNumbersTests.frames(10, type: 0x88b7), through: "m3", in: course.lab.taps)
                try other.awaitNumbers { $0.copied == 10 }
                try course.send(10)
                let numbers = try other.stop()
                #expect((numbers.sent, numbers.outputs[0].way) == (10, "queue"))
                #expect(try course.way == "direct")
                #expect(try witness.finish(expecting: 20, sentinelThrough: "m1").count == 20)
            }
        }

        @Test("Through down and up, and made anew, the way past the queue is found again without privileges")
        func life() throws {
            try Self.withCourse(["--user", "nobody"]) { course in
                let lab = course.lab
                lab.recreatesPorts = true
                try course.await("direct")
                for round in 1...3 {
                    try lab.sh("ip link set m1 down")
                    try course.tap.awaitWords("output m1 is down", count: 2 * round - 1)
                    try course.send(5)
                    #expect(try course.way == "queue")
                    try lab.sh("ip link set m1 up")
                    try lab.awaitUp("m1")
                    try course.await("direct")
                    try lab.sh("ip link delete m1")
                    try course.tap.awaitWords("output m1 has gone", count: round)
                    try lab.sh("ip \(lab.standAloneLink("m1"))")
                    try course.tap.awaitWords("output m1 is down", count: 2 * round)
                    try lab.sh("ip link set m1 up")
                    try lab.sh("ip link set m1 up", in: lab.taps)
                    try lab.awaitUp("m1")
                    try lab.awaitUp("m1", in: lab.taps)
                    try course.await("direct")
                    let before = try lab.counters(of: "m1", in: lab.taps).received
                    try course.send(100)
                    #expect(try lab.counters(of: "m1", in: lab.taps).received == before + 100)
                }
            }
        }

        /// Puts a program at an interface's egress hook (tcx, Linux 6.6) that lets everything go on; it stays with the interface.
        private static let attach = """
            import ctypes, os, socket, struct, sys
            libc = ctypes.CDLL(None, use_errno=True)
            def bpf(command, attributes):
                memory = ctypes.create_string_buffer(attributes, 128)
                number = {'x86_64': 321, 'aarch64': 280}[os.uname().machine]
                result = libc.syscall(number, command, memory, 128)
                if result < 0: raise OSError(ctypes.get_errno(), 'bpf')
                return result
            program = ctypes.create_string_buffer(struct.pack('=BBhiBBhi', 0xb7, 0, 0, -1, 0x95, 0, 0, 0), 16)
            license = ctypes.create_string_buffer(b'GPL')
            loaded = bpf(5, struct.pack('=IIQQ', 3, 2, ctypes.addressof(program), ctypes.addressof(license)))
            bpf(8, struct.pack('=IIII', socket.if_nametoindex(sys.argv[1]), loaded, 47, 0))
            """

        @Test("Programs at an output's egress hook aren't held against the interface that gets its name and number")
        func programs() throws {
            try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                let script = lab.path("attach.py")
                try Self.attach.write(toFile: script, atomically: true, encoding: .utf8)
                try lab.sh("python3 \(script) m1")
                // Without privileges it can't ask again.
                let course = Course(lab, try lab.tap(with: ["-i", "m2", "-o", "m1", "--user", "nobody"]))
                try course.send(1)
                #expect(try course.tap.ask().outputs[0].wayReason == "there are programs at its egress hook")
                let index = try lab.sh("ip -o link show dev m1 | cut -d: -f1").output.split(separator: "\n")[0]
                let link = lab.standAloneLink("m1").replacingOccurrences(
                    of: "link add ", with: "link add index \(index) ")
                try lab.sh("ip link delete m1; ip \(link); ip link set m1 up")
                try lab.sh("ip link set m1 up", in: lab.taps)
                try lab.awaitUp("m1")
                try course.await("direct")
                _ = try course.tap.stop()
            }
        }

        @Test("Frames larger than the memory of one go through the queue, each size as its MTU allows")
        func sizes() throws {
            for mtu in [1400, 1500, 2030, 2031, 4078, 4079, 9000] {
                try withCommandLab(hosts: 1, alone: ["m1", "m2"]) { lab in
                    try lab.sh("ip link set m1 mtu \(mtu); ip link set m2 mtu 9000")
                    try lab.sh("ip link set m1 mtu \(mtu); ip link set m2 mtu 9000", in: lab.taps)
                    let tap = try lab.tap("-i", "m2", "-o", "m1")
                    let witness = try lab.listen(in: lab.taps, on: "m1", snaplen: 9100)
                    func frame(_ payload: Int, _ tags: [(protocol: UInt16, id: UInt16)] = []) -> [UInt8] {
                        WireFrame.make(
                            to: CommandLab.mac(2), from: CommandLab.mac(1), tags: tags,
                            payload: (0..<payload).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                    }
                    // Small ones between large ones: they stay in their order.
                    let fitting = [
                        frame(46), frame(mtu), frame(60), frame(mtu, [(0x8100, 5)]), frame(61), frame(mtu - 1),
                        frame(mtu - 4, [(0x88a8, 6)]), frame(62),
                    ]
                    let tooBig = mtu < 9000 ? [frame(mtu + 1)] : []
                    try FrameSender.send(fitting + tooBig, through: "m2", in: lab.taps)
                    try tap.awaitNumbers { $0.copied == fitting.count + tooBig.count }
                    #expect(try tap.ask().outputs[0].way == (mtu <= 4078 ? "direct" : "queue"), "\(mtu)")
                    let numbers = try tap.stop()
                    #expect((numbers.sent, numbers.failed) == (fitting.count, tooBig.count), "\(mtu)")
                    #expect(try witness.finish(expecting: fitting.count, sentinelThrough: "m1") == fitting, "\(mtu)")
                }
            }
        }
    }
}
