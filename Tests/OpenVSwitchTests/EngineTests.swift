import EventLoop
import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import OVSDB
import OVSDBTransport
import OpenVSwitch
import ScriptedServer
import Testing

/// The engine on a database on paper, with bridge br0 and its ports p1, p2 and p3.
private final class PaperSwitch: Sendable {
    let database: PaperDatabase
    let root: String
    let bridge: String
    let ports: [String: String]

    /// - Parameter version: of Open vSwitch; from 3.3.3 on it needs no command when mirrors change.
    init(version: String = "3.4.0") throws {
        database = try PaperDatabase()
        (root, bridge, ports) = database.change { rows in
            var ports: [String: String] = [:]
            for name in ["br0", "p1", "p2", "p3"] {
                let interface = rows.insert(
                    "Interface",
                    [
                        "name": .string(name), "type": .string(name == "br0" ? "internal" : ""),
                        "ofport": .integer(1),
                    ])
                ports[name] = rows.insert("Port", ["name": .string(name), "interfaces": .rows([interface])])
            }
            let bridge = rows.insert(
                "Bridge", ["name": .string("br0"), "ports": .rows(ports.values.sorted())])
            let root = rows.insert("Open_vSwitch", ["bridges": .rows([bridge]), "ovs_version": .string(version)])
            return (root, bridge, ports)
        }
    }

    /// - Parameters:
    ///   - target: other servers than this one.
    ///   - isNamed: as with `--db`.
    func engine(
        at target: String? = nil, isNamed: Bool = true, answersWithin limit: Duration = .seconds(10)
    ) throws -> OpenVSwitchEngine {
        OpenVSwitchEngine(
            OpenVSwitchEngine.Location(target: try OVSDBTarget(parsing: target ?? database.target), isNamed: isNamed),
            on: try EventLoop(), in: try NetworkNamespace.current(), actor: "test",
            usual: OpenVSwitchEngine.UsualPlaces(sockets: "/there/is/none", databases: []), answersWithin: limit)
    }

    func look(_ engine: OpenVSwitchEngine) throws -> (observation: Observation, state: SwitchState) {
        let observation = try EngineGroup([engine]).observe()
        return (observation, try #require(observation.switches))
    }

    /// What copies p1's ingress to p3.
    func ids(on state: SwitchState) throws -> SwitchMirror {
        func object(_ name: String) throws -> SwitchObject { try #require(state.ports[try PortName(name)]) }
        return SwitchMirror(
            mirror: try MirrorName("ids"), bridge: try #require(state.bridges[try PortName("br0")]),
            selection: SwitchSelection(ingress: [try object("p1")], output: .port(try object("p3"))))
    }

    /// Looks, and adds a mirror.
    @discardableResult
    func add(_ engine: OpenVSwitchEngine) throws -> [String] {
        let (observation, state) = try look(engine)
        return try engine.perform([Step(SwitchStep.add(try ids(on: state)))], on: observation)
    }

    var mirrors: [[String: JSONValue]] { Array(database.rows("Mirror").values) }

    /// Has the first transaction end otherwise.
    func spoilTransaction(_ turn: PaperDatabase.Turn) {
        database.intercept { $0.method == "transact" ? turn : .usual }
    }
}

@Suite struct EngineTests {
    @Test("Bridges and ports are the topology's; the schema tells what rows can have, the version what they need")
    func looks() throws {
        let paper = try PaperSwitch()
        let (observation, state) = try paper.look(try paper.engine())
        let found = try #require(observation.topology.switchPort(try PortName("p1")))
        #expect(found.interfaces == [try PortName("p1")])
        #expect(Set(state.ports.keys.map(\.description)) == ["br0", "p1", "p2", "p3"])
        #expect(state.root != nil && state.lag == nil && !state.needsPurge && state.mirrorColumns == ["snaplen"])
        let capabilities = try #require(observation.engines.first)
        #expect(capabilities.isAvailable && capabilities.truncates && !capabilities.filters)
        let old = try PaperSwitch(version: "3.1.0")
        #expect(try old.look(old.engine()).state.needsPurge)
    }

    @Test(
        "A mirror is one row, made in one transaction that ovs-vswitchd has acted on; it is changed and removed again")
    func lives() throws {
        let paper = try PaperSwitch()
        let engine = try paper.engine()
        #expect(try paper.add(engine) == [])
        let row = try #require(paper.mirrors.first)
        #expect(
            paper.mirrors.count == 1
                && row["output_port"] == .array([.string("uuid"), .string(paper.ports["p3"] ?? "")]))
        #expect(row["name"] == .string("ids"))
        #expect(row["select_src_port"] == JSONValue.array([.string("uuid"), .string(paper.ports["p1"] ?? "")]))
        #expect(paper.database.row("Open_vSwitch", paper.root)?["cur_cfg"] == .integer(1))
        #expect(paper.database.transactions.count == 1)

        // The replica has it, without another request for all of it.
        let (observation, state) = try paper.look(engine)
        let seen = try #require(state.mirrors.first)
        #expect(seen.mirror == (try MirrorName("ids")) && state.mirrors.count == 1)
        #expect(paper.database.asked.count { $0.method == "monitor_cond_since" } == 1)

        var changed = try paper.ids(on: state)
        changed.selection.egress = changed.selection.ingress
        changed.selection.ingress = []
        #expect(try engine.perform([Step(SwitchStep.change(seen, to: changed))], on: observation) == [])
        let now = try paper.look(engine)
        let after = try #require(now.state.mirrors.first)
        #expect(after.id == seen.id && after.selection.ingress.isEmpty && after.selection.egress.count == 1)

        #expect(try engine.perform([Step(SwitchStep.remove(after))], on: now.observation) == [])
        #expect(paper.mirrors.isEmpty)
        #expect(try paper.look(engine).state.mirrors.isEmpty)
    }

    @Test("What others change between the look and the act makes the step stale, and nothing is changed")
    func changedMeanwhile() throws {
        let paper = try PaperSwitch()
        let (database, bridge) = (paper.database, paper.bridge)
        let rest = JSONValue.rows(["br0", "p2", "p3"].compactMap { paper.ports[$0] })
        database.intercept { asked in
            // p1 leaves the bridge right before the transaction comes.
            if asked.method == "transact", asked.number == 0 {
                database.change { $0.set("Bridge", bridge, "ports", rest) }
            }
            return .usual
        }
        let engine = try paper.engine()
        let failure = try #require(throws: StepFailure.self) { try paper.add(engine) }
        #expect(failure.kind == .stale && failure.reason == "somebody else has changed the database meanwhile")
        #expect(paper.mirrors.isEmpty && database.row("Open_vSwitch", paper.root)?["next_cfg"] == .integer(0))
        // The next look is another one, on the same connection.
        #expect(try paper.look(engine).observation.topology.switchPort(try PortName("p1")) == nil)
        #expect(database.asked.count { $0.method == "get_schema" } == 1)
    }

    @Test("A row that somebody else has changed is neither changed nor removed")
    func rowChanged() throws {
        let paper = try PaperSwitch()
        let engine = try paper.engine()
        try paper.add(engine)
        let (observation, state) = try paper.look(engine)
        let seen = try #require(state.mirrors.first)
        paper.database.change { $0.set("Mirror", seen.id.description, "select_all", .boolean(true)) }
        for step in [SwitchStep.remove(seen), .change(seen, to: try paper.ids(on: state)), .release(seen)] {
            let failure = try #require(throws: StepFailure.self) {
                try engine.perform([Step(step)], on: observation)
            }
            #expect(failure.kind == .stale, "\(step)")
        }
        #expect(paper.mirrors.count == 1)
    }

    @Test(
        "What the server says of a transaction tells what helps",
        arguments: [
            (PaperDatabase.Turn.failure(operation: 0, "timed out"), FailureKind.stale),
            (.failure(operation: 3, "constraint violation"), .permanent),
            (.failure(operation: 2, "resources exhausted"), .transient),
            (.refusal("not allowed"), .permanent), (.bytes("}"), .permanent), (.bytes(#"{"id":"#), .transient),
            (.silence, .transient), (.end(isDone: false), .transient), (.end(isDone: true), .transient),
        ])
    func refused(turn: PaperDatabase.Turn, kind: FailureKind) throws {
        let paper = try PaperSwitch()
        paper.spoilTransaction(turn)
        let engine = try paper.engine(answersWithin: .milliseconds(300))
        let failure = try #require(throws: StepFailure.self) { try paper.add(engine) }
        #expect(failure.kind == kind, "\(failure)")
        #expect(paper.database.transactions.count == 1, "it is never sent twice")
    }

    @Test("A transaction whose operations all went well can fail at its end")
    func commit() throws {
        let paper = try PaperSwitch()
        let engine = try paper.engine()
        let database = paper.database
        database.intercept { asked in
            guard asked.method == "transact" else { return .usual }
            return .failure(operation: asked.operations.count, "referential integrity violation")
        }
        #expect(try #require(throws: StepFailure.self) { try paper.add(engine) }.kind == .stale)
    }

    @Test("Of a connection that breaks under a transaction it isn't known what became of it; the next look tells")
    func broken() throws {
        for isDone in [true, false] {
            let paper = try PaperSwitch()
            paper.spoilTransaction(.end(isDone: isDone))
            let failure = try #require(throws: StepFailure.self) { try paper.add(try paper.engine()) }
            #expect(failure.reason.contains("it isn't known whether the change was carried out"), "\(failure)")
            paper.database.intercept { _ in .usual }
            #expect(try paper.look(try paper.engine()).state.mirrors.count == (isDone ? 1 : 0))
        }
    }

    @Test("A change that nobody acts on is in the database, which is said") func notActed() throws {
        let paper = try PaperSwitch()
        paper.database.setActs(false)
        // Beside the usual database the daemon would be in its directory.
        let engine = try paper.engine(isNamed: false)
        #expect(
            try paper.add(engine) == [
                "ovs-vswitchd isn't running: the change is in its database, and counts as soon as it runs"
            ])
        #expect(paper.mirrors.count == 1)
        #expect(try paper.look(engine).state.lag == "ovs-vswitchd isn't running")
    }

    @Test("An old Open vSwitch whose control socket isn't there may keep flows as they were, which is said")
    func cannotPurge() throws {
        let paper = try PaperSwitch(version: "3.1.0")
        let said = try paper.add(try paper.engine())
        #expect(said.count == 1 && said[0].contains("its control socket isn't here"), "\(said)")
        #expect(paper.mirrors.count == 1)
    }

    @Test(
        "A database that doesn't answer as it should is an error if it was named, and silent if it is the usual one",
        arguments: ["get_schema", "monitor_cond_since"],
        [
            PaperDatabase.Turn.silence, .bytes("HTTP/1.1 400 Bad Request"), .end(isDone: false),
            .refusal("resources exhausted"),
        ])
    func mute(method: String, turn: PaperDatabase.Turn) throws {
        let paper = try PaperSwitch()
        paper.database.intercept { $0.method == method ? turn : .usual }
        let limit = Duration.milliseconds(300)
        #expect(throws: UserError.self) { try paper.look(try paper.engine(answersWithin: limit)) }
        let observation = try EngineGroup([try paper.engine(isNamed: false, answersWithin: limit)]).observe()
        let capabilities = try #require(observation.engines.first)
        #expect(capabilities.isSilent && !capabilities.isAvailable && observation.switches == nil)
        #expect(observation.switchDatabase.silence?.contains("doesn't answer") == true)
    }

    @Test("Of a cluster only the leader will do, whichever server is named first") func follower() throws {
        let (follower, leader) = (try PaperSwitch(), try PaperSwitch())
        follower.database.setLeader(false)
        let target = "\(follower.database.target),\(leader.database.target)"
        #expect(try leader.add(try leader.engine(at: target)) == [])
        #expect(leader.mirrors.count == 1 && follower.mirrors.isEmpty)
        leader.database.setLeader(false)
        let error = try #require(throws: UserError.self) { try leader.look(try leader.engine(at: target)) }
        #expect("\(error)".contains("isn't the leader of its cluster"), "\(error)")
    }

    @Test("A database without rows is one that nobody has filled") func empty() throws {
        let paper = try PaperSwitch()
        paper.database.change { $0.remove("Open_vSwitch", paper.root) }
        let (observation, state) = try paper.look(try paper.engine())
        #expect(state.root == nil && state.lag?.contains("is empty") == true)
        let mirror = SwitchMirror(
            mirror: try MirrorName("ids"), bridge: SwitchObject(name: "br0", id: RowID(high: 1, low: 1)),
            selection: SwitchSelection(output: .nowhere))
        let failure = try #require(throws: StepFailure.self) {
            try paper.engine().perform([Step(SwitchStep.add(mirror))], on: observation)
        }
        #expect(failure.kind == .permanent)
        #expect(paper.database.transactions.isEmpty)
    }
}
