import Failure
import LinuxSystem
import MirrorEngine
import MirrorModel
import MirrorPlan
import TestSupport
import Testing
import TrafficControl

extension ConformanceTests {
    /// Rule 9 in the moment between looking and acting: somebody else is there by then, under the same numbers.
    ///
    /// The engine looks, the others come, the engine is told to act on what it saw.
    @Suite("Steps whose object is somebody else's by now") struct StaleSteps {
        /// Runs the engine on a thread in the switch's namespace.
        private func inSwitch<Result: Sendable>(
            _ lab: CommandLab, _ body: @escaping @Sendable (TrafficControlEngine) throws -> Result
        ) throws -> Result {
            let namespace = "/run/netns/\(lab.sw)"
            let directory = lab.runDirectory
            return try OwnThread.run {
                try NetworkNamespace(path: namespace).enter()
                return try body(try TrafficControlEngine(in: .current(), runDirectory: directory))
            }
        }

        private func look(_ lab: CommandLab) throws -> Observation {
            let outputs: Set<PortName> = [try PortName("p3")]
            return try inSwitch(lab) { try EngineGroup([$0]).observe(outputs: outputs) }
        }

        /// What becomes of steps; nil if all were done.
        private func perform(_ steps: [Step], _ lab: CommandLab) throws -> StepFailure? {
            try inSwitch(lab) { engine in
                do {
                    try engine.perform(steps, on: Observation())
                    return nil
                } catch let failure as StepFailure {
                    return failure
                }
            }
        }

        /// Somebody's filter of the same preference, kind and handle as the one that it replaces.
        private func replace(_ point: ObservedPoint, by output: String, _ lab: CommandLab) throws {
            let place = "dev \(point.port) \(point.hook) pref \(point.handle.preference)"
            let match = point.handle.kind == "bpf" ? "handle 1 bpf bytecode '1,6 0 0 65535'" : "u32 match u32 0 0"
            try lab.sh(
                """
                tc filter del \(place)
                tc filter add \(place) protocol all \(match) action mirred egress mirror dev \(output) continue
                """)
        }

        @Test(
            "A filter that took the place of ours is neither removed nor pointed elsewhere",
            arguments: [[], ["--filter", "icmp"]])
        func filter(options: [String]) throws {
            try withCommandLab(alone: ["x1"]) { lab in
                try lab.mirror(with: ["add", "ids", "--from", "p1:ingress", "--to", "p3"] + options)
                let seen = try look(lab)
                let point = try #require(seen.points.first)
                try replace(point, by: "x1", lab)
                let theirs = try lab.sh("tc filter show dev p1 ingress").output
                #expect(theirs.contains("device x1"))
                let output = try ResolvedPort(#require(seen.topology[try PortName("x1")]))
                for step in [Step(FilterStep.removePoint(point)), Step(FilterStep.retarget(point, to: [output]))] {
                    let failure = try #require(try perform([step], lab))
                    #expect(failure.kind == .stale && failure.reason.contains("somebody else"), "\(failure)")
                    #expect(try lab.sh("tc filter show dev p1 ingress").output == theirs)
                }
                try lab.sh("tc filter del dev p1 ingress pref \(point.handle.preference)")
            }
        }

        @Test("A filter of the same mirror that was made anew meanwhile isn't taken for the one that was seen")
        func madeAnew() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3")
                let point = try #require(try look(lab).points.first)
                try lab.sh("tc filter del dev p1 ingress pref \(point.handle.preference)")
                // Another has its action's number now.
                let number = try #require(point.targets.first?.identifier)
                // The kernel frees a number a moment after its action.
                try lab.sh(
                    "for turn in $(seq 500); do tc actions add action mirred egress mirror index \(number) dev p3 2>/dev/null "
                        + "&& exit 0; sleep 0.01; done; exit 1")
                try lab.mirror("apply")
                let failure = try #require(try perform([Step(FilterStep.removePoint(point))], lab))
                #expect(failure.kind == .stale)
                #expect(try lab.mirror("list").output.contains("active"))
                try lab.sh("tc actions del action mirred index \(number)")
            }
        }

        @Test("A clsact that was ours stays once somebody uses it, or has made it anew")
        func hook() throws {
            for (change, rest) in [
                (
                    "tc filter add dev p1 egress pref 9 protocol all u32 match u32 0 0 action mirred egress mirror dev x1",
                    "pref 9"
                ),
                ("tc qdisc del dev p1 clsact; tc qdisc add dev p1 clsact", ""),
                (
                    "tc filter add dev p1 ingress pref 9 chain 20557 protocol all u32 match u32 0 0 action mirred egress mirror dev x1",
                    "chain 20557"
                ),
            ] {
                try withCommandLab(alone: ["x1"]) { lab in
                    try lab.mirror("add", "ids", "--from", "p1", "--to", "p3")
                    let seen = try look(lab)
                    let port = try ResolvedPort(#require(seen.topology[try PortName("p1")]))
                    #expect(try perform(seen.points.map { Step(FilterStep.removePoint($0)) }, lab) == nil)
                    try lab.sh(change)
                    #expect(try perform([Step(FilterStep.closeHook(port))], lab) == nil)
                    #expect(try lab.sh("tc qdisc show dev p1").output.contains("clsact"), "\(change)")
                    let left = try lab.sh("tc filter show dev p1 egress; tc filter show dev p1 ingress").output
                    #expect(rest.isEmpty || left.contains(rest), "\(change): \(left)")
                    // To disown it takes nothing of theirs away either.
                    #expect(try perform([Step(FilterStep.disownHook(port))], lab) == nil)
                    let after = try lab.sh("tc filter show dev p1 egress; tc filter show dev p1 ingress").output
                    #expect(after == left)
                    try lab.sh("tc qdisc del dev p1 clsact")
                }
            }
        }

        @Test("A port that has an output's index by now gets neither its settings nor its copies")
        func output() throws {
            try withCommandLab(alone: ["m1"]) { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "m1")
                let seen = try look(lab)
                let record = try #require(seen.records.first)
                let source = try ResolvedPort(#require(seen.topology[try PortName("p2")]))
                try lab.sh(
                    """
                    ip link del m1; ip link add other index \(record.port.index) type veth peer name other2
                    ethtool -K other tx off tso off
                    """)
                let before = try lab.sh("ethtool -k other").output
                let change = OutputChange(port: record.port, offloads: record.offloads)
                let point = CopyPoint(
                    mirror: try MirrorName("web"), port: source, hook: .ingress, match: .everything,
                    outputs: [record.port])
                for step in [
                    Step(OutputStep.restore(change)), Step(OutputStep.prepare(change)),
                    Step(FilterStep.openHook(record.port)),
                    Step(FilterStep.addPoint(point, preference: 256)),
                ] {
                    let failure = try #require(try perform([step], lab), "\(step)")
                    #expect(failure.kind == .stale && failure.reason.contains("another name or index"), "\(failure)")
                }
                #expect(try lab.sh("ethtool -k other").output == before)
                #expect(try lab.sh("tc qdisc show dev other; tc qdisc show dev p2").output.contains("clsact") == false)
                try lab.sh("ip link del other; ip -n \(lab.sw) \(lab.standAloneLink("m1")); ip link set m1 up")
                lab.recreatesPorts = true
                try lab.mirror("remove", "ids")
                try lab.rememberAnew()
            }
        }

        @Test("A bridge port that went to another bridge isn't given what it had in the old one")
        func otherBridge() throws {
            try withCommandLab { lab in
                try lab.mirror("add", "ids", "--from", "p1:ingress", "--to", "p3", "--reserve-output")
                let seen = try look(lab)
                let record = try #require(seen.records.first)
                try lab.sh(
                    "ip link add br9 type bridge; ip link set p3 master br9; bridge link set dev p3 learning off")
                let change = OutputChange(port: record.port, bridgePort: record.bridgePort)
                let failure = try #require(try perform([Step(OutputStep.restore(change))], lab))
                #expect(failure.kind == .stale, "\(failure)")
                #expect(try lab.sh("bridge -d link show dev p3").output.contains("learning off"))
                try lab.sh("ip link set p3 master br0; ip link del br9")
                lab.recreatesPorts = true
                try lab.mirror("remove", "ids")
                try lab.rememberAnew()
            }
        }
    }
}
