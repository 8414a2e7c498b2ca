import Diagnosis
import MirrorModel
import MirrorPlan
import OpenVSwitch
import Tap
import Testing
import TrafficControl

/// What is known of mirrors that weren't seen on Open vSwitch.
@Suite struct SwitchDatabaseTests {
    private func observed(_ body: (inout SwitchDatabase) throws -> Void) rethrows -> Observation {
        var observed = Observation(engines: [.trafficControl, .openVSwitch, .tap])
        try body(&observed.switchDatabase)
        return observed
    }

    private func mirror(_ engine: EngineName? = nil) throws -> Mirror {
        Mirror(
            name: try MirrorName("ids"), sources: [.port(try PortName("a"), .both)],
            outputs: [.port(try PortName("b"))], engine: engine)
    }

    @Test("Where the usual database isn't asked, its file tells; one that can't be read may have everything")
    func files() throws {
        let ids = try mirror()
        let (own, others) = (Set([ids.name]), Set([try MirrorName("other")]))
        for (file, isThere) in [
            (.unasked, false), (.absent, false), (.owners(others), false), (.owners(own), true),
            (.unreadable("it is garbage"), true),
        ] as [(SwitchDatabase.FileContents, Bool)] {
            #expect((observed { $0.file = file }.unknown(about: ids) != nil) == isThere, "\(file)")
        }
        #expect(
            observed { $0.file = .owners(own) }.unknown(about: ids)
                == "Open vSwitch's database has rows of it, and its server doesn't run")
        // Who wants none looked at isn't held up by garbage.
        let declined = observed {
            $0.isDeclined = true
            $0.file = .unreadable("it is garbage")
        }
        #expect(declined.unknown(about: ids) == nil)
        #expect(observed { $0.silence = "nobody answers" }.unknown(about: ids) == "nobody answers")
    }

    @Test("What Open vSwitch can't have, and what was seen to run, isn't unknown for its sake") func others() throws {
        let silent = observed { $0.silence = "nobody answers" }
        for engine in [EngineName.tc, .tap] { #expect(silent.unknown(about: try mirror(engine)) == nil) }
        #expect(silent.unknown(about: try mirror(.ovs)) != nil)
        var sampled = try mirror()
        sampled.sample = 10
        #expect(silent.unknown(about: sampled) == nil)
        var running = silent
        let port = ResolvedPort(name: try PortName("a"), index: 2)
        running.points = [
            ObservedPoint(
                mirror: try MirrorName("ids"), port: port, hook: .ingress, match: .everything, targets: [],
                handle: PointHandle(preference: 256, kind: "matchall", handle: 1))
        ]
        #expect(running.unknown(about: try mirror()) == nil)
        // A removal of that name waits all the same.
        #expect(running.isAwaited(try mirror()))
        var doubtful = observed { _ in }
        doubtful.unaskable = [try MirrorName("ids"): "it says nothing"]
        #expect(doubtful.unknown(about: try mirror(.tap)) == "it says nothing")
    }

    @Test("What was kept for Open vSwitch waits while its file is away; what wasn't doesn't") func kept() throws {
        let absent = observed { $0.file = .absent }
        #expect(absent.isAwaited(try mirror(.ovs)))
        #expect(!absent.isAwaited(try mirror()))
        #expect(absent.unknown(about: try mirror(.ovs)) == nil)
        let named = observed { $0.name = "tcp:10.0.0.1" }
        #expect(named.isAwaited(try mirror()))
        #expect(named.unknown(about: try mirror()) == nil)
    }

    @Test("Of a database on another machine its switch is left, and what is known of this machine's mirrors alone")
    func remote() throws {
        var lab = try Lab.onSwitch()
        lab.observed.switchDatabase.name = "tcp:10.0.0.1"
        try lab.mirror("ids", ["tap0"], to: ["tap1"])
        #expect(lab.refusals() == [])
        lab.observed.leaveOutThisMachine()
        #expect(!lab.observed.topology.ports.isEmpty)
        lab.observed.switchDatabase.isRemote = true
        lab.observed.leaveOutThisMachine()
        #expect(lab.observed.topology.ports.isEmpty && !lab.observed.topology.switches.isEmpty)
        #expect(lab.steps().count == 1 && lab.steps()[0].hasPrefix("mirror ids: add to"))
        lab.desired[0].mirror.engine = .tc
        #expect(lab.refusals().first?.message.contains("is another machine's") == true)
        // One that nobody has put there belongs to this machine.
        let own = try mirror()
        #expect(lab.observed.elsewhere(of: own)?.hasPrefix("its ports are this machine's") == true)
        lab.observed.databases = [own.name: "tcp:10.0.0.1"]
        #expect(lab.observed.elsewhere(of: own) == nil)
        lab.observed.databases = [own.name: "tcp:10.0.0.2"]
        #expect(lab.observed.elsewhere(of: own)?.contains("tcp:10.0.0.2") == true)
    }
}
