import Testing
import TestSupport

extension IntegrationTests {
    /// Rules 1, 10, 11 and 12: what happens to ports, and what becomes of the mirror.
    @Suite("Ports that go down, go away and come back")
    struct BadLuckTests {
        @Test("A mirror to an output that goes down counts what fails, harms nothing, says so, and delivers again")
        func outputDown() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                try lab.ping(1, 2)
                try lab.sh("ip link set p3 down")
                try lab.ping(1, 2)
                let down = try lab.show("ids")
                #expect(down.state == "degraded")
                #expect(down.reason.contains("p3 is down"))
                #expect(down.to.first?.state == "down")
                #expect(down.counters.selected.packets == 40)
                #expect(down.counters.delivered.packets == 20)
                #expect(down.counters.failed.packets == 20)
                try lab.sh("ip link set p3 up")
                try lab.awaitUp("p3")
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "p3")) == (10, 10, 0))
                let up = try lab.show("ids")
                #expect(up.state == "active")
                #expect(up.counters.failed.packets == 20)
                #expect(up.counters.delivered.packets == 40)
            }
        }

        @Test("An output whose other end is down has no carrier: copies fail, and show says why")
        func outputWithoutCarrier() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                try lab.sh("ip link set eth0 down", in: lab.host(3))
                _ = Deadline.poll(seconds: 2) {
                    (try? lab.sh("ip link show p3").output.contains("NO-CARRIER")) == true ? true : nil
                }
                try lab.ping(1, 2)
                let shown = try lab.show("ids")
                #expect(shown.state == "degraded")
                #expect(shown.reason.contains("p3 has no carrier"))
                #expect(shown.to.first?.state == "no-carrier")
                #expect(shown.counters.failed.packets == 10)
                try lab.sh("ip link set eth0 up", in: lab.host(3))
                try lab.awaitUp("p3")
                #expect(try lab.show("ids").state == "active")
            }
        }

        @Test("An output that is deleted and made anew is taken up by apply, in place, with its counters")
        func outputRecreated() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                try lab.mirror("add", "ids", "--from", "p1", "--to", "m1")
                try lab.ping(1, 2)
                try lab.sh("ip link del m1")
                try lab.ping(1, 2)
                let gone = try lab.show("ids")
                #expect(gone.state == "waiting")
                #expect(gone.reason.contains("m1 doesn't exist"))
                #expect(gone.counters.failed.packets == 20)
                try lab.recreate("m1")
                // Recreating the name doesn't reattach the kernel's filter.
                #expect(try lab.show("ids").state == "degraded")
                let plan = try lab.portmirror(["plan"])
                #expect(plan.status == 2)
                #expect(plan.output.contains("send p1 ingress to m1"))
                #expect(!plan.output.contains("copy p1"))
                try lab.mirror("apply")
                let back = try lab.show("ids")
                #expect(back.state == "active")
                #expect(back.counters.selected.packets == 40)
                let witness = try lab.listen(in: lab.taps, on: "m1")
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 20, sentinelThrough: "m1")) == (10, 10, 0))
                #expect(try lab.show("ids").counters.selected.packets == 60)
                #expect(try lab.mirror("apply").output.contains("nothing to change"))
            }
        }

        @Test("Of two outputs one goes and comes back: the other gets every copy all the time")
        func oneOfTwoOutputs() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                lab.recreatesPorts = true
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1,p3")
                try lab.sh("ip link del m1")
                let inside = try lab.listen(at: 3)
                try lab.ping(1, 2)
                let gone = try lab.show("ids")
                #expect(gone.state == "degraded")
                #expect(gone.reason.contains("m1 doesn't exist"))
                try lab.mirror("apply")
                try lab.ping(1, 2)
                try lab.recreate("m1")
                try lab.mirror("apply")
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try inside.finish(expecting: 30, sentinelThrough: "p3")) == (30, 0, 0))
                #expect(try lab.show("ids").state == "active")
            }
        }

        @Test("A source that is deleted and made anew is mirrored again after apply")
        func sourceRecreated() throws {
            try withCommandLab(alone: ["m1", "m2"]) { lab in
                lab.recreatesPorts = true
                try lab.mirror("add", "ids", "--from", "m1", "--to", "m2")
                try lab.sh("ip link del m1")
                let gone = try lab.show("ids")
                #expect(gone.state == "waiting")
                #expect(gone.reason.contains("m1 doesn't exist"))
                #expect(try lab.mirror("apply").status == 0)
                try lab.recreate("m1")
                #expect(try lab.show("ids").state == "degraded")
                try lab.mirror("apply")
                #expect(try lab.show("ids").state == "active")
                let witness = try lab.listen(in: lab.taps, on: "m2")
                let frame = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(9), payload: [9])
                try FrameSender.send([frame], through: "m1", in: lab.taps)
                #expect(try witness.finish(expecting: 1, sentinelThrough: "m2") == [frame])
                #expect(try lab.mirror("apply").output.contains("nothing to change"))
            }
        }

        @Test("A mirror of ports that don't exist yet waits, and apply starts it when they do")
        func waiting() throws {
            try withCommandLab { lab in
                let added = try lab.portmirror(["add", "ids", "--from", "late0", "--to", "late1"])
                #expect(added.status == 0)
                #expect(added.error.contains("waiting"))
                #expect(added.error.contains("late0"))
                #expect(try lab.show("ids").state == "waiting")
                #expect(try lab.show("ids").from.first?.state == "missing")
                try lab.sh(
                    """
                    ip link add late0 type veth peer name late0 netns \(lab.taps); ip link set late0 up
                    ip link add late1 type veth peer name late1 netns \(lab.taps); ip link set late1 up
                    ip -n \(lab.taps) link set late0 up; ip -n \(lab.taps) link set late1 up
                    """)
                try lab.awaitUp("late0")
                try lab.awaitUp("late1")
                #expect(try lab.portmirror(["plan"]).status == 2)
                try lab.mirror("apply")
                #expect(try lab.show("ids").state == "active")
                let witness = try lab.listen(in: lab.taps, on: "late1")
                let frame = WireFrame.make(to: WireFrame.broadcast, from: CommandLab.mac(9), payload: [9])
                try FrameSender.send([frame], through: "late0", in: lab.taps)
                #expect(try witness.finish(expecting: 1, sentinelThrough: "late1") == [frame])
                try lab.mirror("remove", "ids")
                try lab.sh("ip link del late0; ip link del late1")
            }
        }

        @Test("With one of two sources missing the other is mirrored, and the mirror is degraded")
        func oneSourceMissing() throws {
            try withCommandLab { lab in
                let added = try lab.portmirror(["add", "ids", "--from", "p1:ingress,late0", "--to", "p3"])
                #expect(added.status == 0)
                #expect(added.error.contains("degraded") && added.error.contains("late0"))
                let witness = try lab.listen(at: 3)
                try lab.ping(1, 2)
                #expect(
                    DirectionTests.echoes(try witness.finish(expecting: 10, sentinelThrough: "p3")) == (10, 0, 0))
            }
        }

        @Test("A source or output that is renamed is followed to where the definition says")
        func renamed() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                try lab.sh("ip link set m1 down; ip link set m1 name other; ip link set other up")
                try lab.awaitUp("other")
                let shown = try lab.show("ids")
                #expect(shown.state == "waiting")
                #expect(shown.reason.contains("m1"))
                try lab.mirror("apply")
                // Nothing may be sent to a port that the definition doesn't name.
                let witness = try lab.listen(in: lab.taps, on: "m1")
                try lab.ping(1, 2)
                #expect(try witness.finish(expecting: 0, sentinelThrough: "other") == [])
                try lab.sh("ip link set other down; ip link set other name m1; ip link set m1 up")
                try lab.awaitUp("m1")
                try lab.mirror("apply")
                #expect(try lab.show("ids").state == "active")
            }
        }

        @Test("A tap without a reader has no carrier: the mirror says so and the originals go on")
        func tapWithoutReader() throws {
            try withCommandLab { lab in
                try lab.sh("ip tuntap add t1 mode tap; ip link set t1 up")
                _ = try lab.portmirror(["add", "ids", "--from", "p1:ingress", "--to", "t1"])
                try lab.ping(1, 2)
                let shown = try lab.show("ids")
                #expect(shown.state == "degraded")
                #expect(shown.reason.contains("t1 has no carrier"))
                #expect(shown.counters.failed.packets == 10)
            }
        }
    }
}

extension CommandLab {
    /// Makes a stand-alone port anew, with its peer.
    func recreate(_ name: String) throws {
        try sh(
            """
            ip \(standAloneLink(name))
            ip link set \(name) up; ip -n \(taps) link set \(name) up
            """)
        try awaitUp(name)
    }

    /// Waits until a port's operational state has followed its carrier.
    func awaitUp(_ name: String, in namespace: String? = nil) throws {
        let up: Bool? = try Deadline.poll(seconds: 5) {
            try self.sh("ip link show dev \(name)", in: namespace).output.contains("state UP") ? true : nil
        }
        if up == nil { throw LabError("\(name) doesn't come up") }
    }
}
