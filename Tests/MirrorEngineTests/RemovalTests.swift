import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import OpenVSwitch
import PlanSimulation
import Tap
import Testing
import TrafficControl

/// An Open vSwitch that doesn't answer until it is told to.
private final class AbsentSwitch: Engine {
    var answers = false
    var hides: Set<MirrorName> = []
    var isDeclined = false
    var isRemote = false

    private var capabilities: EngineCapabilities {
        guard !answers else { return .openVSwitch }
        var capabilities = EngineCapabilities.noOpenVSwitch
        capabilities.mayBeMissed = true
        return capabilities
    }

    func observe(into observation: inout Observation) throws {
        observation.switchDatabase.isDeclined = isDeclined
        observation.switchDatabase.isRemote = isRemote
        if isRemote { observation.switchDatabase.name = "tcp:10.0.0.1" }
        if !answers, !isDeclined { observation.switchDatabase.file = .owners(hides) }
        observation.engines.append(capabilities)
    }
    func perform(_ steps: [Step], on observed: Observation) throws -> [String] { [] }
}

/// A process that listens where a mirror's tap would, and answers nothing right until it ends.
private final class DoubtfulTap: Engine {
    var hasEnded = false
    private var doubts: [MirrorName: String] { hasEnded ? [:] : [mirror: "it says nothing"] }
    private let mirror: MirrorName

    init(_ mirror: MirrorName) { self.mirror = mirror }

    func observe(into observation: inout Observation) throws {
        observation.unaskable = doubts
        observation.engines.append(.tap)
    }
    func perform(_ steps: [Step], on observed: Observation) throws -> [String] { [] }
}

@Suite struct RemovalTests {
    private let machine: Machine
    private let ovs = AbsentSwitch()
    private let reconciler: Reconciler

    init() throws {
        machine = try Machine()
        reconciler = Reconciler(
            engines: [machine.engine, ovs], store: machine.store, runDirectory: "\(machine.directory)/run")
        // As it would be with the mirror's rows in a database that nobody serves.
        ovs.hides = [try MirrorName("ids")]
        try machine.write("version: 1\nmirrors:\n  ids: {from: x, to: b}\n", "ids.yaml")
        let name = try PortName("b")
        let record = OutputRecord(
            port: ResolvedPort(name: name, index: 3), offloads: ["tx-x-segmentation"])
        var world = machine.engine.simulator.world
        world.records = [record]
        world.offloads[3]?.harmful = []
        machine.engine.simulator = Simulator(world)
    }

    private func apply(_ request: Request = .repair) throws -> Outcome {
        try reconciler.perform(request, now: machine.now)
    }

    private func remove() throws -> Outcome { try apply(.remove([try MirrorName("ids")])) }

    private func other() throws -> Request {
        .define([Request.Definition(try machine.mirror("other", "a", to: "c"))])
    }

    private var kept: Bool { Files.exists("\(machine.store.permanentDirectory)/ids.removed") }
    private var hasRecord: Bool { !machine.engine.simulator.world.records.isEmpty }

    @Test("What can't be taken away is kept as to be removed, said, listed, and its output isn't restored")
    func isKept() throws {
        let done = try remove()
        #expect(done.removed.map(\.description) == ["ids"])
        #expect(done.awaited.map(\.description) == ["ids"])
        #expect(done.remarks.contains { $0.contains("may go on copying") })
        #expect(kept && hasRecord)
        let present = try reconciler.look(now: machine.now)
        #expect(present.definitions.intents.isEmpty)
        let status = statuses(
            of: present.desired, observed: present.observed, now: machine.now
        ).first
        #expect(
            status?.state == .removing
                && status?.reason
                    == "being removed: waits for Open vSwitch, which may go on copying (Open vSwitch's database has rows of it, and its server doesn't run)"
        )
        // What it waits for is kept with it.
        #expect(present.observed.removals.map(\.engine) == [.ovs])
        #expect(status?.outputs.map(\.output.description) == ["b"])
    }

    @Test("Of a tap that can't be asked the removal waits until it has ended; a change of its definition doesn't")
    func doubtfulTap() throws {
        let machine = try Machine()
        let tap = DoubtfulTap(try MirrorName("cut"))
        let reconciler = Reconciler(
            engines: [machine.engine, tap], store: machine.store, runDirectory: "\(machine.directory)/run")
        func apply(_ request: Request = .repair) throws -> Outcome {
            try reconciler.perform(request, now: machine.now)
        }
        let before = machine.state
        var mirror = try machine.mirror("cut")
        mirror.snaplen = 60
        mirror.engine = .tap
        for length: UInt32 in [60, 70] {
            mirror.snaplen = length
            #expect(try apply(.define([Request.Definition(mirror)])).awaited.isEmpty)
        }
        let done = try apply(.remove([mirror.name]))
        #expect(done.awaited == [mirror.name] && done.plan.steps.isEmpty)
        #expect(
            done.remarks.contains { $0.contains("it is unknown whether 'portmirror run cut' runs: it says nothing") })
        let present = try reconciler.look(now: machine.now)
        let status = statuses(
            of: present.desired, observed: present.observed, now: machine.now
        ).first
        #expect(status?.state == .removing && status?.engine == .tap)
        #expect(status?.reason == "being removed: it is unknown whether 'portmirror run cut' runs: it says nothing")
        #expect(try apply().awaited == [mirror.name])
        tap.hasEnded = true
        #expect(try apply().settled == [mirror.name])
        #expect(try apply().isEmpty && machine.state == before)
    }

    @Test("It waits as well while another machine's database is looked at, which tells nothing of this one's")
    func otherMachine() throws {
        _ = try remove()
        ovs.isRemote = true
        ovs.answers = true
        #expect(try apply().settled.isEmpty && kept)
        #expect(try apply(other()).settled.isEmpty && kept)
        ovs.isRemote = false
        #expect(try apply().settled.map(\.description) == ["ids"])
    }

    @Test("It waits as long as there is no answer, and the next change of any kind that gets one finishes it")
    func isFinished() throws {
        _ = try remove()
        #expect(try apply().awaited.map(\.description) == ["ids"])
        #expect(try remove().awaited.map(\.description) == ["ids"])
        #expect(kept && hasRecord)
        ovs.answers = true
        let done = try apply(other())
        #expect(done.settled.map(\.description) == ["ids"])
        #expect(!kept && !machine.engine.simulator.world.records.contains { $0.port.index == 3 })
    }

    @Test("Mirrors whose time is over, that a file no longer has, or that go to another engine are kept as well")
    func otherWays() throws {
        machine.now = Timestamp(secondsSince1970: 1_900_000_000)
        try machine.write(
            "version: 1\nmirrors:\n  ids: {from: x, to: b, until: '2027-01-01T00:00:00Z'}\n", "ids.yaml")
        #expect(try apply().awaited.map(\.description) == ["ids"])
        #expect(kept && hasRecord)
        ovs.answers = true
        #expect(try apply().settled.map(\.description) == ["ids"])
        #expect(!kept)

        ovs.answers = false
        try machine.write("version: 1\nmirrors:\n  ids: {from: x, to: b}\n", "ids.yaml")
        #expect(try apply(.removeAll).awaited.map(\.description) == ["ids"])
        ovs.answers = true
        #expect(try apply().settled.map(\.description) == ["ids"])

        ovs.answers = false
        try machine.write("version: 1\nmirrors:\n  ids: {from: x, to: b}\n", "ids.yaml")
        var moved = try machine.mirror("ids", "a", to: "c")
        moved.engine = .tc
        #expect(try apply(.define([Request.Definition(moved)])).awaited.map(\.description) == ["ids"])
        #expect(kept)
    }

    @Test("A mirror of the same name can be defined meanwhile; what its forerunner left is still taken away")
    func sameName() throws {
        _ = try remove()
        var anew = try machine.mirror("ids", "a", to: "c")
        anew.engine = .tc
        let done = try apply(.define([Request.Definition(anew)]))
        #expect(done.added.map(\.description) == ["ids"])
        #expect(kept && hasRecord)
        #expect(try apply().awaited.map(\.description) == ["ids"] && kept)
        let present = try reconciler.look(now: machine.now)
        let status = statuses(
            of: present.desired, observed: present.observed, now: machine.now
        ).first
        #expect(
            status?.reason
                == "the mirror that had its name before is being removed: waits for Open vSwitch, which may go on copying"
        )
        #expect(status?.state == .degraded)
        ovs.answers = true
        #expect(try apply().settled.map(\.description) == ["ids"])
        #expect(!kept && machine.engine.simulator.world.points.count == 2)
    }

    @Test("What fails leaves nothing kept that wasn't before; a file that can't be read is still a removal")
    func failing() throws {
        try machine.write("version: 1\nmirrors:\n  web: {from: a, to: c}\n", "web.yaml")
        machine.engine.failsAt = machine.engine.performed
        let web = Request.Definition(try machine.mirror("web", "a", to: "c"))
        #expect(throws: UserError.self) { try apply(.load([web], prune: true)) }
        #expect(!kept)
        machine.engine.failsAt = nil
        try machine.write("{", "ids.removed")
        try machine.write("version: 1\nmirrors: {}\n", "ids.yaml")
        #expect(try apply().awaited.map(\.description) == ["ids"])
        ovs.answers = true
        #expect(try apply().settled.map(\.description) == ["ids"])
    }

    @Test("A command that is refused leaves the marks of removals and databases as they were")
    func refused() throws {
        try machine.write("# mine\nversion: 1\nmirrors: {ids: {from: x, to: b}, web: {from: a, to: c}}\n", "ids.yaml")
        #expect(throws: (any Error).self) { try remove() }
        #expect(!kept)
        // One that was kept before stays what it was.
        let older = "version: 1\nmirrors:\n  ids:\n    from:\n      - port: older\n    to:\n      - port: b\n"
        try machine.write(older, "ids.removed")
        #expect(throws: (any Error).self) { try remove() }
        let file = "\(machine.store.permanentDirectory)/ids.removed"
        #expect(try Files.read(file, atMost: 4096).map { String(decoding: $0, as: UTF8.self) } == older)
    }

    @Test("Without a switch to look at only the removals that are named are taken as done")
    func declined() throws {
        _ = try remove()
        ovs.isDeclined = true
        let other = try apply(other())
        #expect(other.awaited.map(\.description) == ["ids"] && kept)
        #expect(try apply().awaited.map(\.description) == ["ids"])
        #expect(kept && hasRecord)
        #expect(try remove().settled.map(\.description) == ["ids"])
        #expect(!kept)
    }
}
