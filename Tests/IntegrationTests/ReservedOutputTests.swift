import Testing
import TestSupport

extension IntegrationTests {
    /// Rule 7: outputs in service, or reserved.
    @Suite("Outputs in service, and reserved ones")
    struct ReservedOutputTests {
        private static func bridgePort(_ lab: CommandLab, _ port: String) throws -> String {
            try lab.sh("bridge -d link show dev \(port)").output
        }

        /// Frames that a bridge would send to p3: broadcast, unknown unicast, and unicast to its host.
        private static let strays = [
            WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(2), payload: [1]),
            WireFrame.make(to: [1, 0, 0x5e, 1, 1, 1], from: CommandLab.mac(2), payload: [2]),
            WireFrame.make(to: CommandLab.mac(77), from: CommandLab.mac(2), payload: [3]),
        ]

        @Test("An output in service keeps its normal traffic")
        func inService() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(3, 2)
                try FrameSender.send(Self.strays, through: "eth0", in: lab.host(2))
                // Ten replies to its own pings, and what is flooded.
                #expect(try witness.finish(expecting: 13, sentinelThrough: "p3").count == 13)
            }
        }

        @Test(
            "Nothing but copies is sent to a reserved output, and what it sends gets nowhere", arguments: [false, true])
        func reserved(isStatic: Bool) throws {
            try withCommandLab { lab in
                if !isStatic { try lab.sh("bridge fdb del 02:00:00:00:00:03 dev p3 master") }
                try FrameSender.send(
                    [WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(3))], through: "eth0",
                    in: lab.host(3))
                let learned = Deadline.poll(seconds: 3) {
                    (try? lab.sh("bridge fdb show dev p3").output.contains("02:00:00:00:00:03")) == true
                        ? true : nil
                }
                #expect(learned == true)
                let before = try Self.bridgePort(lab, "p3")
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                #expect(try Self.bridgePort(lab, "p3") != before)
                let witness = try lab.listen(at: 3)
                let others = try lab.listen(at: 1, filter: "ether src 02:00:00:00:00:03")
                try lab.ping(1, 2)
                // To its host, whose address was learned before, too.
                let known = WireFrame.make(to: CommandLab.mac(3), from: CommandLab.mac(2), payload: [4])
                try FrameSender.send(Self.strays + [known], through: "eth0", in: lab.host(2))
                try FrameSender.send(
                    [
                        WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(3)),
                        WireFrame.make(to: CommandLab.mac(1), from: CommandLab.mac(3)),
                    ], through: "eth0", in: lab.host(3))
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3")) == (10, 0, 0))
                #expect(try others.finish(expecting: 0, sentinelThrough: "p1") == [])
                try lab.mirror("remove", "ids")
                #expect(try Self.bridgePort(lab, "p3") == before)
                try lab.ping(3, 2)
            }
        }

        @Test("A reserved output stays reserved when its VM restarts")
        func carrierFlap() throws {
            try withCommandLab { lab in
                try lab.sh("bridge fdb del 02:00:00:00:00:03 dev p3 master")
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                // The kernel enables a port of a bridge when its carrier comes, whatever its state was.
                try lab.sh("ip link set eth0 down; ip link set eth0 up", in: lab.host(3))
                try lab.awaitUp("p3")
                try lab.awaitUp("eth0", in: lab.host(3))
                let witness = try lab.listen(at: 3)
                let others = try lab.listen(at: 1, filter: "ether src 02:00:00:00:00:03")
                try FrameSender.send(
                    [
                        WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(3)),
                        WireFrame.make(to: CommandLab.mac(1), from: CommandLab.mac(3)),
                    ], through: "eth0", in: lab.host(3))
                let toItsHost = WireFrame.make(to: CommandLab.mac(3), from: CommandLab.mac(2), payload: [4])
                try FrameSender.send(Self.strays + [toItsHost], through: "eth0", in: lab.host(2))
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3")) == (10, 0, 0))
                #expect(try others.finish(expecting: 0, sentinelThrough: "p1") == [])
                #expect(try lab.portmirror(["apply"]).status == 0)
                #expect(try lab.show("ids").state == "active")
                #expect(try lab.portmirror(["plan"]).status == 0)
            }
        }

        @Test("Every setting of the reserved port, as its owner had it, comes back")
        func restored() throws {
            try withCommandLab { lab in
                try lab.sh("bridge link set dev p3 flood off learning off mcast_flood on bcast_flood off")
                try lab.remember()
                let before = try Self.bridgePort(lab, "p3")
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3", "--reserve-output")
                try lab.mirror("remove", "ids")
                #expect(try Self.bridgePort(lab, "p3") == before)
            }
        }

        @Test("A stand-alone port can't be reserved: refused with the reason")
        func standAlone() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                let refused = try lab.portmirror(["add", "ids", "--from", "p1", "--to", "m1", "--reserve-output"])
                #expect(refused.status == 1)
                #expect(
                    refused.error.contains("m1 can't be reserved") && refused.error.contains("member of a Linux bridge")
                )
                #expect(lab.files(in: lab.configDirectory) == [])
            }
        }

        @Test("A shared output gets its settings back when the last of its mirrors goes", arguments: [true, false])
        func shared(reservingLeavesFirst: Bool) throws {
            try withCommandLab { lab in
                try lab.remember()
                let before = try lab.snapshot()
                try lab.mirror("add", "one", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                try lab.mirror("add", "two", "--from", "p2:ingress", "--to", "p3")
                let both = try Self.bridgePort(lab, "p3")
                let offloads = try lab.sh("ethtool -k p3").output
                #expect(before.sections["p3 offloads"] != offloads)
                try lab.mirror("remove", reservingLeavesFirst ? "one" : "two")
                #expect(try lab.sh("ethtool -k p3").output == offloads)
                // Reserved as long as a mirror asks for it.
                #expect((try Self.bridgePort(lab, "p3") == both) == !reservingLeavesFirst)
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 10, sentinelThrough: "p3").count == 10)
                try lab.mirror("remove", "--all")
                #expect(before.differences(to: try lab.snapshot()) == "")
            }
        }

        @Test("A reserved output that leaves its bridge keeps what its new place says, and its mirror waits for it")
        func moved() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                try lab.sh("ip link set p3 nomaster")
                let shown = try lab.portmirror(["show", "ids"]).output
                #expect(shown.contains("state: waiting (p3 is a member of no bridge now"))
                try lab.mirror("remove", "ids")
                try lab.sh("ip link set p3 master br0; bridge fdb replace 02:00:00:00:00:03 dev p3 master static")
                try lab.awaitUp("p3")
            }
        }
    }
}
