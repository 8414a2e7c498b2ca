import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 4: a bridge as source; rule 8: no loops; rule 3: one copy.
    @Suite("Bridges as sources, and loops")
    struct BridgeSourceTests {
        @Test("Every frame that enters the bridge is copied once: from members and from the host")
        func everyFrameOnce() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "lan", "--from-bridge", "br0", "--to", "m1")
                let witness = try lab.listen(in: lab.taps, on: "m1")
                var frames: [[UInt8]] = []
                for sender in 1...3 {
                    let own = [
                        WireFrame.make(
                            to: WireFrame.broadcast, from: CommandLab.mac(sender), payload: [1, UInt8(sender)]),
                        WireFrame.make(
                            to: CommandLab.mac(sender % 3 + 1), from: CommandLab.mac(sender),
                            payload: [2, UInt8(sender)]),
                        WireFrame.make(
                            to: CommandLab.mac(88), from: CommandLab.mac(sender), payload: [3, UInt8(sender)]),
                    ]
                    try FrameSender.send(own, through: "eth0", in: lab.host(sender))
                    frames += own
                }
                let fromHost = [
                    WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(50), payload: [4]),
                    WireFrame.make(to: CommandLab.mac(2), from: CommandLab.mac(50), payload: [5]),
                ]
                try FrameSender.send(fromHost, through: "br0", in: lab.sw)
                frames += fromHost
                let copies = try witness.finish(expecting: frames.count, sentinelThrough: "m1")
                #expect(copies.count == frames.count)
                #expect(Set(copies) == Set(frames))
            }
        }

        @Test("A member that joins later is watched after apply; one that leaves no longer is")
        func membersChange() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "lan", "--from-bridge", "br0", "--to", "m1")
                try lab.sh("ip link set m2 master br0; ip link set p3 nomaster")
                #expect(try lab.show("lan").state == "degraded")
                try lab.mirror("apply")
                #expect(try lab.show("lan").state == "active")
                let witness = try lab.listen(in: lab.taps, on: "m1")
                let joined = WireFrame.make(to: CommandLab.mac(1), from: CommandLab.mac(60), payload: [6])
                let left = WireFrame.make(to: CommandLab.mac(1), from: CommandLab.mac(3), payload: [7])
                try FrameSender.send([left], through: "eth0", in: lab.host(3))
                try FrameSender.send([joined], through: "m2", in: lab.taps)
                #expect(try witness.finish(expecting: 1, sentinelThrough: "m1") == [joined])
                try lab.sh(
                    """
                    ip link set p3 master br0; ip link set m2 nomaster
                    bridge fdb replace 02:00:00:00:00:03 dev p3 master static
                    """)
                try lab.mirror("apply")
                try lab.awaitUp("p3")
            }
        }

        @Test("The mirror's own output, a member of the bridge, is left out")
        func outputLeftOut() throws {
            try withCommandLab { lab in
                _ = try lab.portmirror(["add", "lan", "--from-bridge", "br0", "--to", "p3", "--reserve-output"])
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let own = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(3), payload: [9])
                try FrameSender.send([own], through: "eth0", in: lab.host(3))
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                #expect(try lab.show("lan").points.allSatisfy { $0.port != "p3" })
            }
        }

        @Test("A port that isn't a bridge is refused as one")
        func notABridge() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let refused = try lab.portmirror(["add", "lan", "--from-bridge", "p1", "--to", "m1"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("p1 isn't a bridge"))
            }
        }

        @Test("An output can't be a source of the same mirror")
        func outputIsSource() throws {
            try withCommandLab { lab in
                let refused = try lab.portmirror(["add", "ids", "--from", "p1,p3", "--to", "p3"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("p3 can't be both source and output"))
                #expect(lab.files(in: lab.configDirectory) == [])
            }
        }

        @Test("Two mirrors that feed each other are refused, with the cycle in the message")
        func mutual() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                try lab.mirror("add", "one", "--from", "m1:egress", "--to", "m2")
                try lab.remember()
                let before = try lab.snapshot()
                let refused = try lab.portmirror(["add", "two", "--from", "m2:egress", "--to", "m1"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("m2 -> m1 -> m2"))
                #expect(before.differences(to: try lab.snapshot()) == "")
                #expect(lab.files(in: lab.configDirectory) == ["one.yaml"])
            }
        }

        @Test("A chain of mirrors that ends where it began is refused, through a bridge and a veth too")
        func longCycle() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.sh(
                    """
                    ip link add left type veth peer name right; ip link set left up; ip link set right up
                    ip link set right master br0
                    """)
                try lab.awaitUp("left")
                _ = try lab.portmirror(["add", "one", "--from", "p1:egress", "--to", "m1"])
                let refused = try lab.portmirror(["add", "two", "--from", "m1:egress", "--to", "left"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("m1 -> left -> right -> p1 -> m1"), "\(refused)")
            }
        }

        @Test("A loop through a veth and its peer is refused")
        func throughVeth() throws {
            try withCommandLab { lab in
                try lab.sh(
                    "ip link add left type veth peer name right; ip link set left up; ip link set right up")
                try lab.awaitUp("left")
                let refused = try lab.portmirror(["add", "ids", "--from", "right:ingress", "--to", "left"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("right -> left -> right"))
                // The other direction is none: what right sends comes out of left's ingress.
                #expect(try lab.portmirror(["add", "ids", "--from", "right:egress", "--to", "p3"]).status == 0)
            }
        }

        @Test("A loop through a bridge is refused: the copy would be forwarded back to the source")
        func throughBridge() throws {
            try withCommandLab { lab in
                try lab.sh(
                    """
                    ip link add left type veth peer name right; ip link set left up; ip link set right up
                    ip link set right master br0
                    """)
                try lab.awaitUp("left")
                let refused = try lab.portmirror(["add", "ids", "--from", "p1:egress", "--to", "left"])
                #expect(refused.status == 1)
                #expect(refused.error.contains("p1 -> left -> right -> p1"))
            }
        }

        @Test("Loops in a file are refused before anything changes, all of them")
        func loopInFile() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                let text = """
                    version: 1
                    mirrors:
                      good: {from: [{port: p1}], to: [{port: p3}]}
                      one: {from: [{port: m1, direction: egress}], to: [{port: m2}]}
                      two: {from: [{port: m2, direction: egress}], to: [{port: m1}]}
                    """
                let refused = try lab.portmirror(["apply", "-f", "-"], input: text)
                #expect(refused.status == 1)
                #expect(refused.error.contains("mirror one") && refused.error.contains("mirror two"))
                #expect(try lab.list().isEmpty)
                #expect(try !lab.sh("tc qdisc show").output.contains("clsact"))
            }
        }

        @Test("What may be copied twice is said, with the pairs of ports, and nothing is said where nothing is")
        func duplicatesWarned() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let warned = try lab.portmirror(["add", "ids", "--from", "p1,p2", "--to", "m1"])
                #expect(warned.status == 0)
                #expect(warned.error.contains("copied twice"))
                #expect(warned.error.contains("p1 ingress and p2 egress"))
                let silent = try lab.portmirror(["add", "in", "--from", "p1:ingress,p2:ingress", "--to", "m1"])
                #expect(silent.error == "")
            }
        }
    }
}
