import MirrorEngine
import MirrorModel
import MirrorPlan
import PacketFilter
import RouteNetlink
import Testing

@testable import TrafficControl

/// The commands by hand. That they do the same is for the integration tests; these are their words.
@Suite struct ExplanationTests {
    private func port(_ name: String, _ index: Int32 = 1) throws -> ResolvedPort {
        ResolvedPort(name: try PortName(name), index: index)
    }

    private func commands(_ step: Step, everything: FilterRequest.Match = .matchall) -> [String] {
        explain(step, everything: everything, on: Observation()).map(\.command)
    }

    private func point(_ match: Match, to outputs: [String], from source: String = "vnet0") throws -> CopyPoint {
        CopyPoint(
            mirror: try MirrorName("ids"), port: try port(source), hook: .ingress, match: match,
            outputs: try outputs.map { try port($0) })
    }

    @Test("A hook is made and marked") func hookMadeMarked() throws {
        #expect(
            commands(Step(FilterStep.openHook(try port("vnet0")))) == [
                "tc qdisc add dev vnet0 clsact", "tc chain add dev vnet0 ingress chain 20557",
            ])
        #expect(commands(Step(FilterStep.closeHook(try port("vnet0")))) == ["tc qdisc del dev vnet0 clsact"])
        #expect(
            commands(Step(FilterStep.disownHook(try port("vnet0")))) == ["tc chain del dev vnet0 ingress chain 20557"])
    }

    @Test("A point is one filter with an action for each output") func pointOneFilterAction() throws {
        let step = Step(FilterStep.addPoint(try point(.everything, to: ["vnet2"]), preference: 256))
        let action = "action mirred egress mirror dev"
        #expect(
            commands(step) == [
                "tc filter add dev vnet0 ingress pref 256 protocol all matchall \(action) vnet2 continue cookie f7696473"
            ])
        #expect(
            commands(step, everything: .u32Everything).first?.contains(" protocol all u32 match u32 0 0 action ")
                == true)
        let several = Step(FilterStep.addPoint(try point(.program(.matchAll), to: ["vnet2", "eth0"]), preference: 257))
        #expect(
            commands(several) == [
                "tc filter add dev vnet0 ingress pref 257 protocol all bpf bytecode '1,6 0 0 4294967295' "
                    + "\(action) vnet2 pipe cookie f7696473 \(action) eth0 continue cookie f7696473"
            ])
    }

    @Test(
        "On a plain ingress qdisc a filter hangs under what the others hang under",
        arguments: [
            (0xffff_0000, "parent ffff:"), (0xffff_fff2, "ingress"), (0xffff_0003, "parent ffff:3"), (nil, "ingress"),
        ] as [(UInt32?, String)]) func plainIngress(parent: UInt32?, word: String) throws
    {
        let step = Step(FilterStep.addPoint(try point(.everything, to: ["vnet2"]), preference: 256))
        var observed = Observation()
        observed.hooks[1] = HookState(kind: .ingress)
        observed.hooks[1]?.plainParent = parent
        let command = explain(step, everything: .matchall, on: observed).first?.command
        #expect(command?.hasPrefix("tc filter add dev vnet0 \(word) pref 256 ") == true)
    }

    @Test("A filter is removed by its exact handle") func filterRemovedByExact() throws {
        func remove(_ kind: String, _ handle: UInt32) throws -> [String] {
            commands(
                Step(
                    FilterStep.removePoint(
                        ObservedPoint(
                            mirror: try MirrorName("ids"), port: try port("vnet0"), hook: .egress, match: .everything,
                            targets: [], handle: PointHandle(preference: 768, kind: kind, handle: handle)))))
        }
        let start = "tc filter del dev vnet0 egress pref 768 protocol all handle"
        #expect(try remove("u32", 0x8000_0800) == ["\(start) 800::800 u32"])
        #expect(try remove("u32", 0x8010_1801) == ["\(start) 801:1:801 u32"])
        #expect(try remove("matchall", 1) == ["\(start) 0x1 matchall"])
        #expect(try remove("bpf", 0x1f) == ["\(start) 0x1f bpf"])
    }

    @Test("A point is aimed anew in place, action by action") func pointAimedAnewPlace() throws {
        let observed = ObservedPoint(
            mirror: try MirrorName("ids"), port: try port("vnet0"), hook: .ingress, match: .everything,
            targets: [ObservedPoint.Target(index: 0, identifier: 3), ObservedPoint.Target(index: 7, identifier: 9)],
            handle: PointHandle(preference: 256, kind: "matchall", handle: 1))
        #expect(
            commands(Step(FilterStep.retarget(observed, to: [try port("vnet2"), try port("eth0")]))) == [
                "tc actions replace action mirred egress mirror dev vnet2 pipe index 3 cookie f7696473",
                "tc actions replace action mirred egress mirror dev eth0 continue index 9 cookie f7696473",
            ])
    }

    @Test("A filter of others is marked by its action's number, or removed exactly") func takenOver() throws {
        let name = try MirrorName("ids")
        let filter = ForeignFilter(
            hook: .ingress, preference: 49152, kind: "u32", handle: 0x8000_0800, actions: ["mirred"],
            rule: ForeignRule(match: .everything, copies: [ForeignRule.Copy(index: 2, identifier: 7)]))
        var point = ForeignPoint(port: try port("vnet0"), filter: filter, outputs: [try port("vnet2", 2)])
        #expect(
            commands(Step(FilterStep.adoptPoint(point, as: name))) == [
                "tc actions replace action mirred egress mirror dev vnet2 continue index 7 cookie f7696473"
            ])
        point.filter.etherType = 0x0800
        #expect(
            commands(Step(FilterStep.removeForeign(point, for: name))) == [
                "tc filter del dev vnet0 ingress pref 49152 protocol ip handle 800::800 u32"
            ])
        point.filter.queue = 0x10000
        #expect(
            commands(Step(FilterStep.removeForeign(point, for: name))) == [
                "tc filter del dev vnet0 parent 1: pref 49152 protocol ip handle 800::800 u32"
            ])
    }

    @Test("An output is prepared and restored") func outputPreparedRestored() throws {
        let change = OutputChange(
            port: try port("vnet2"), offloads: ["tx-tcp-segmentation", "tx-checksum-ip-generic"],
            bridgePort: BridgePortSettings().reserved(spanningTree: false))
        let flags = "learning off flood off mcast_flood off bcast_flood off locked on"
        #expect(
            commands(Step(OutputStep.prepare(change))) == [
                "ethtool -K vnet2 tx-checksum-ip-generic off tx-tcp-segmentation off",
                "bridge link set dev vnet2 state 0 \(flags)", "bridge fdb flush dev vnet2 master dynamic",
            ])
        var back = change
        back.bridgePort = BridgePortSettings(locked: nil)
        #expect(
            commands(Step(OutputStep.restore(back))) == [
                "ethtool -K vnet2 tx-checksum-ip-generic on tx-tcp-segmentation on",
                "bridge link set dev vnet2 state 3 learning on flood on mcast_flood on bcast_flood on",
            ])
        #expect(commands(Step(OutputStep.forget(OutputRecord(port: try port("tap9"))))) == [])
    }

    @Test(
        "Names that a shell would take apart are in quotes",
        arguments: [
            ("vnet0", "vnet0"), ("eth0:1", "eth0:1"), ("a$b", "'a$b'"), ("a'b", "'a'\\''b'"),
            ("x;reboot", "'x;reboot'"), ("*", "'*'"),
        ])
    func namesShellWouldTake(name: String, shown: String) throws {
        #expect(commands(Step(FilterStep.closeHook(try port(name)))) == ["tc qdisc del dev \(shown) clsact"])
    }

    @Test("Every command says why") func everyCommandSaysWhy() throws {
        let change = OutputChange(port: try port("vnet2"), offloads: ["tx-gso-list"], bridgePort: BridgePortSettings())
        let steps: [Step] = [
            Step(OutputStep.prepare(change)), Step(FilterStep.openHook(try port("vnet0"))),
            Step(FilterStep.addPoint(try point(.everything, to: ["vnet2"]), preference: 256)),
            Step(OutputStep.restore(change)),
            Step(FilterStep.closeHook(try port("vnet0"))), Step(FilterStep.disownHook(try port("vnet0"))),
        ]
        for command in steps.flatMap({ explain($0, everything: .u32Everything, on: Observation()) }) {
            #expect(!command.why.isEmpty)
            #expect(!command.command.contains("\n"))
        }
    }
}
