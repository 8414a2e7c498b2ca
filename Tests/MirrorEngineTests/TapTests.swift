import Diagnosis
import MirrorEngine
import MirrorModel
import MirrorPlan
import PlanSimulation
import Testing

@Suite struct TapTests {
    private func report() throws -> TapReport {
        let point = Point(try PortName("vnet0"), .egress)
        return TapReport(
            process: 4711, since: Timestamp(secondsSince1970: 1_800_000_000), definition: "from a\"; to é\n",
            problems: ["/captures is full"],
            sources: [TapReport.Watched(port: point.port, received: .max, lost: 1, superFrames: 2, segments: 3)],
            copies: [
                TapReport.Copies(
                    point: point, output: .port(try PortName("vnet2")), delivered: 1, deliveredBytes: .max,
                    failed: [.tooBig: 1, .diskFull: 2], failedBytes: 7),
                TapReport.Copies(point: point, output: .files(FileSettings(directory: try DirectoryPath("/captures")))),
            ],
            files: [TapReport.Files(directory: try DirectoryPath("/captures"), current: "a b", finished: 1, bytes: 9)],
            ways: [TapReport.Way(port: try PortName("vnet2"), queueReason: "a \"b\"")])
    }

    @Test("A report comes over a socket as it was, on one line")
    func coding() throws {
        let bytes = try report().encoded
        #expect(!bytes.contains(UInt8(ascii: "\n")))
        #expect(try TapReport(decoding: bytes) == report())
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"version\":1"))
    }

    @Test("What a later program adds is passed over; what can't be read is refused with the reason")
    func otherVersions() throws {
        let text = String(decoding: try report().encoded, as: UTF8.self)
        func changed(_ old: String, _ new: String) -> [UInt8] {
            Array(text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new).utf8)
        }
        let more = try TapReport(decoding: changed("\"version\":1", "\"version\":1,\"colour\":\"red\""))
        #expect(more == (try report()))
        // An earlier one doesn't tell the way.
        let way = ",\"ways\":[{\"port\":\"vnet2\",\"queueReason\":\"a \\\"b\\\"\"}]"
        #expect(text.contains(way))
        #expect(try TapReport(decoding: changed(way, "")).ways == [])
        let other = try TapReport(decoding: changed("\"too-big\"", "\"too-wet\""))
        #expect(other.copies.first?.failed == [.other: 1, .diskFull: 2])
        for (old, new) in [
            ("\"version\":1", "\"version\":2"), ("\"egress\"", "\"sideways\""), ("\"vnet0\"", "\"\""),
            ("\"lost\":1", "\"lost\":-1"), ("{", ""),
        ] {
            #expect(throws: UserError.self) { try TapReport(decoding: changed(old, new)) }
        }
        #expect(throws: UserError.self) { try TapReport(decoding: []) }
    }

    @Test("A tap's definition is kept, and nothing is done; what the kernel had before goes")
    func definition() throws {
        let machine = try Machine()
        let before = machine.state
        var mirror = try machine.mirror("ids")
        mirror.engine = .tap
        #expect(try machine.put(mirror).plan.steps == [])
        #expect(machine.files.count == 1)
        #expect(machine.state == before)
        mirror.engine = nil
        _ = try machine.put(mirror)
        #expect(machine.state != before)
        mirror.engine = .tap
        _ = try machine.put(mirror)
        #expect(machine.state == before)
    }

    @Test("Who removes a tap's definition is told of the process that still runs")
    func removal() throws {
        let machine = try Machine()
        var mirror = try machine.mirror("ids")
        mirror.engine = .tap
        _ = try machine.put(mirror)
        var world = machine.engine.simulator.world
        world.taps[mirror.name] = TapReport(process: 4711, since: machine.now, definition: mirror.fingerprint)
        machine.engine.simulator = Simulator(world)
        #expect(
            try machine.remove("ids").remarks == [
                "mirror ids: 'portmirror run ids' (process 4711) ends when it sees that"
            ])
    }

    @Test("A mirror without definition is judged with its filter compiled, among those that there are")
    func adHoc() throws {
        let machine = try Machine()
        _ = try machine.put(try machine.mirror("ids", "a", to: "b"))
        var own = try machine.mirror("ids", "b:egress", to: "a")
        own.engine = .tap
        #expect(try machine.reconciler.judge(own, now: machine.now).plan.refusals.map(\.rule) == [.loop])
        own.outputs = [.port(try PortName("c"))]
        #expect(try machine.reconciler.judge(own, now: machine.now).plan.refusals == [])
        own.filter = "tcp prot 80"
        #expect(try machine.reconciler.judge(own, now: machine.now).plan.refusals.map(\.rule) == [.filter])
        #expect(machine.files.count == 1)
    }

    @Test("A process that has a port by an altname isn't said to end when nothing of its definition changes")
    func altname() throws {
        let machine = try Machine()
        var world = machine.engine.simulator.world
        world.topology.insert(Port(name: try PortName("a"), index: 2, altnames: [try PortName("vm-alice-net0")]))
        machine.engine.simulator = Simulator(world)
        var mirror = try machine.mirror("ids", "vm-alice-net0")
        mirror.engine = .tap
        _ = try machine.put(mirror)
        let report = TapReport(process: 4711, since: machine.now, definition: mirror.fingerprint)
        world = machine.engine.simulator.world
        world.taps[mirror.name] = report
        machine.engine.simulator = Simulator(world)
        let moved = try machine.put(mirror, temporary: true)
        #expect(moved.changed == [mirror.name] && moved.remarks.isEmpty, "\(moved.remarks)")
        mirror.snaplen = 60
        let changed = try machine.put(mirror, temporary: true)
        #expect(changed.remarks.contains { $0.contains("ends, since its definition has changed: start it again") })
    }
}
