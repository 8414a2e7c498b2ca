import Testing
import TestSupport

extension IntegrationTests {
    @Suite("Directions, sources and outputs")
    struct DirectionTests {
        /// ICMP echo requests and replies among frames.
        static func echoes(_ frames: [[UInt8]]) -> (requests: Int, replies: Int, others: Int) {
            var counts = (requests: 0, replies: 0, others: 0)
            for frame in frames {
                let isICMP = frame.count > 34 && WireFrame.type(of: frame) == 0x0800 && frame[23] == 1
                switch isICMP ? frame[34] : 255 {
                case 8: counts.requests += 1
                case 0: counts.replies += 1
                default: counts.others += 1
                }
            }
            return counts
        }

        @Test(
            "Ten pings give ten copies a direction, and none of the other",
            arguments: [("ingress", 10, 0), ("egress", 0, 10), ("both", 10, 10)])
        func direction(word: String, requests: Int, replies: Int) throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:\(word)", "--to", "p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let seen = Self.echoes(
                    try witness.finish(expecting: requests + replies, sentinelThrough: "p3"))
                #expect(seen == (requests, replies, 0))
                let shown = try lab.show("ids")
                #expect(shown.state == "active")
                #expect(shown.counters.delivered.packets == requests + replies)
                #expect(shown.counters.failed.packets == 0)
            }
        }

        @Test("A port without a suffix is mirrored in both directions")
        func bothIsTheDefault() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(Self.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
            }
        }

        @Test("Copies are the originals, byte for byte")
        func faithful() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let original = try lab.listen(at: 2)
                let copy = try lab.listen(at: 3)
                try lab.ping(1, 2)
                try FrameSender.send(
                    [60, 61, 124, 590, 1514].map { size in
                        WireFrame.make(
                            to: CommandLab.mac(2), from: CommandLab.mac(1),
                            payload: (0..<(size - 14)).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                    }, through: "eth0", in: lab.host(1))
                let copies = try copy.finish(expecting: 15, sentinelThrough: "p3")
                #expect(copies == (try original.finish(expecting: 15, sentinelThrough: "p2")))
                #expect(copies.count == 15)
            }
        }

        @Test("Several sources send to one output")
        func severalSources() throws {
            try withCommandLab(hosts: 4) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--from", "p2:ingress", "--to", "p4")
                let witness = try lab.listen(at: 4)
                try lab.ping(1, 2)
                try lab.ping(3, 2, count: 5)
                // p2 sends the replies to both; what p3 sends is not watched.
                #expect(Self.echoes(try witness.finish(expecting: 25, sentinelThrough: "p4")) == (10, 15, 0))
            }
        }

        @Test("Each of several outputs gets every copy")
        func severalOutputs() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3,m1", "--to", "m2")
                let inside = try lab.listen(at: 3)
                let first = try lab.listen(in: lab.taps, on: "m1")
                let second = try lab.listen(in: lab.taps, on: "m2")
                try lab.ping(1, 2)
                #expect(Self.echoes(try inside.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                #expect(Self.echoes(try first.finish(expecting: 20, sentinelThrough: "m1")) == (10, 10, 0))
                #expect(Self.echoes(try second.finish(expecting: 20, sentinelThrough: "m2")) == (10, 10, 0))
                let shown = try lab.show("ids")
                #expect(shown.points.count == 6)
                #expect(shown.points.allSatisfy { $0.selected.packets == 10 && $0.delivered.packets == 10 })
            }
        }

        @Test("Two mirrors share an output, and removing one leaves the other exact")
        func sharedOutput() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "sent", "--from", "p1:ingress", "--to", "p3")
                try lab.mirror("add", "got", "--from", "p1:egress", "--to", "p3")
                let both = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(Self.echoes(try both.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                try lab.mirror("remove", "sent")
                let one = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(Self.echoes(try one.finish(expecting: 10, sentinelThrough: "p3")) == (0, 10, 0))
                #expect(try lab.show("got").counters.delivered.packets == 20)
            }
        }

        @Test("Two mirrors of one port each make their own copy")
        func twoMirrorsOfOnePort() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "one", "--from", "p1:ingress", "--to", "p3")
                try lab.mirror("add", "two", "--from", "p1:ingress", "--to", "m1")
                let inside = try lab.listen(at: 3)
                let outside = try lab.listen(in: lab.taps, on: "m1")
                try lab.ping(1, 2)
                #expect(Self.echoes(try inside.finish(expecting: 10, sentinelThrough: "p3")) == (10, 0, 0))
                #expect(Self.echoes(try outside.finish(expecting: 10, sentinelThrough: "m1")) == (10, 0, 0))
            }
        }

        @Test("A chain of mirrors carries copies on")
        func chain() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "one", "--from", "p1:ingress", "--to", "p3")
                try lab.mirror("add", "two", "--from", "p3:egress", "--to", "m1")
                let end = try lab.listen(in: lab.taps, on: "m1")
                try lab.ping(1, 2)
                #expect(Self.echoes(try end.finish(expecting: 10, sentinelThrough: "m1")) == (10, 0, 0))
            }
        }

        @Test("A stand-alone interface is mirrored like a port of a bridge")
        func standAlone() throws {
            try withCommandLab(hosts: 0, alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "ids", "--from", "m1", "--to", "m2")
                let witness = try lab.listen(in: lab.taps, on: "m2")
                let received = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(7), payload: [1])
                let sent = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(8), payload: [2])
                try FrameSender.send([received], through: "m1", in: lab.taps)
                try FrameSender.send([sent], through: "m1", in: lab.sw)
                let copies = try witness.finish(expecting: 2, sentinelThrough: "m2")
                #expect(Set(copies) == [received, sent])
                #expect(copies.count == 2)
            }
        }
    }
}
