import Diagnosis
import Failure
import MirrorModel

/// One problem of each kind, in the order of the codes.
enum Examples {
    static func all() throws -> [Problem] {
        try definitions() + ways() + devices() + copies() + hooks() + engines() + switches() + taps() + states()
    }

    private static func port(_ name: String) throws -> PortName { try PortName(name) }

    private static func definitions() throws -> [Problem] {
        let (alice, vnet0, ids0) = (try port("alice"), try port("vnet0"), try port("ids0"))
        return [
            .definition(.unreadable("/etc/portmirror/ids.yaml:3:5: 'form' isn't a key")),
            .definition(.selector("syntax error in filter")),
            .definition(.sourceTwice(.port(alice, .both))),
            .definition(.outputTwice(.port(ids0))),
            .definition(.outputIsSource(vnet0)),
            .definition(.anyIsNoPort),
            .definition(.notABridge(vnet0, kind: "tun")),
            .definition(.notReservable(ids0)),
            .definition(.bridgeAsPort(try port("br0"))),
        ]
    }

    private static func ways() throws -> [Problem] {
        let (vnet0, ids0, bridge) = (try port("vnet0"), try port("ids0"), try port("br0"))
        return [
            .way(.comesBack([vnet0, ids0, vnet0])),
            .way(.reachesOthers(output: ids0, way: [ids0, bridge, vnet0])),
            .way(.carriesSource(output: ids0, source: vnet0)),
            .way(.entersSwitch(output: ids0, bridge: bridge)),
            .way(.sameLAN(output: ids0, other: try port("eth1"), source: vnet0)),
            .way(.tooManyInARow(5, limit: 4)),
            .way(.leavesMachine(output: ids0, bridge: bridge)),
            .way(.sharedVLAN(output: ids0, uplink: try port("eth0"), vlan: 12)),
            .way(.mirroredByOthers(["somebody's mirror span of br0"])),
        ]
    }

    private static func devices() throws -> [Problem] {
        let (vnet0, ids0) = (try port("vnet0"), try port("ids0"))
        return [
            .device(.barePackets(ids0, kind: "wireguard", isOutput: true)),
            .device(.switchDatapath(try port("ovs-system"))),
            .device(.vrfSource(try port("red"), members: [vnet0])),
            .device(.unfitOutput(ids0, kind: "macvlan", reason: "copies leave by the device under it")),
            .device(.tunnelToGroup(ids0)),
            .device(.tunnelWithoutEnd(ids0)),
            .device(.tunnelEndUnknown(ids0)),
            .device(.lowersPathMTU(output: ids0, room: 1_462, canFragment: true)),
            .device(.outputDevice(ids0, kind: "loopback", notice: "copies of broadcasts come in again")),
            .device(
                .entryAstray(
                    output: ids0, frames: MACAddress(2, 0, 0, 0, 0, 1), target: "192.0.2.7", more: 2,
                    rest: ["192.0.2.1"])),
            .device(.toSeveral(output: ids0, targets: ["192.0.2.1", "192.0.2.2"])),
            .device(.programFirst(vnet0, number: 7)),
        ]
    }

    private static func copies() throws -> [Problem] {
        let (vnet0, ids0) = (try port("vnet0"), try port("ids0"))
        let pair = CopyProblem.PointPair(Point(vnet0, .ingress), Point(try port("vnet1"), .egress))
        let vlans = try VLANSet(parsing: "10,20-29")
        return [
            .copies(.vlanUnseen(vlans, ports: [.init(vnet0, .access(10))])),
            .copies(.vlanPartlyUnseen(vlans, ports: [.init(vnet0, .untagged([10, 20]))])),
            .copies(.copiedTwice([pair], more: 3, by: .kernel, watchesEgress: true)),
            .copies(.copiedTwice([pair], more: 0, by: .switch, watchesEgress: false)),
            .copies(
                .outputMTU(
                    output: ids0, mtu: 1_500, source: vnet0, sourceMTU: 9_000, raise: .ports([.init(ids0, 9_000)]))),
            .copies(.tunnelMTU(output: ids0, room: 1_462, source: vnet0, sourceMTU: 1_500, canFragment: false)),
            .copies(.offloadsKept(output: ids0, others: [try MirrorName("web")])),
            .copies(.offloadsKeptFor(try MirrorName("web"), output: ids0)),
            .copies(.offloadsStuck(output: ids0, features: ["tx-checksum-sctp"])),
        ]
    }

    private static func hooks() throws -> [Problem] {
        let point = Point(try port("vnet0"), .ingress)
        return [
            .hook(.plainIngress(point.port)),
            .hook(.sharedBlock(point)),
            .hook(.full(point, limit: 1_024)),
            .hook(.tooManyOutputs(33, limit: 32)),
            .hook(.takesAll(point, filter: "ingress pref 1 matchall (gact)")),
            .hook(.othersFirst(point, filters: ["ingress pref 1 u32 (police)"])),
        ]
    }

    private static func engines() throws -> [Problem] {
        let way = WayAround(engine: .tc, isProcess: false, isUnreserved: true)
        var none = EngineProblem.NoneFits([
            EngineObstacles(.tc, [.cutting, .notInKernel(try port("dpdk0"), isBond: false)])
        ])
        none.others = [.tap]
        return [
            .engine(.notHere(.ovs)),
            .engine(.noneFits(none)),
            .engine(.silent(.ovs, reason: "Open vSwitch's database doesn't answer", way: way)),
            .engine(.unknown(reason: "Open vSwitch's database has rows of it", isAsked: true, way: way)),
            .engine(
                .unseenSwitch(port: try port("vnet0"), reason: "there is no Open vSwitch on this machine", way: way)),
            .engine(.notLookedAt(instead: .tc)),
            .engine(.choice(.tap, since: [EngineObstacles(.tc, [.cutting])], process: try MirrorName("web"))),
        ]
    }

    private static func switches() throws -> [Problem] {
        let (vnet0, ids0, bridge) = (try port("vnet0"), try port("ids0"), try port("ovsbr0"))
        return [
            .switch(.outputReserved(ids0)),
            .switch(.tagAdded(source: vnet0, more: 2, vlan: 12, output: ids0)),
            .switch(.tagLost(output: ids0)),
            .switch(.vlanOutput(12, bridge: bridge)),
            .switch(.patchSource(bridge: bridge, others: [try port("ovsbr1")])),
            .switch(.patchOutput(ids0, bridge: bridge)),
            .switch(.cutStopsAtPatch(others: [try port("ovsbr1")])),
            .switch(.internalOutput(ids0)),
            .switch(
                .smallTunnel(
                    output: ids0, underlay: try port("eth0"), underlayMTU: 1_500, room: 1_450, source: vnet0,
                    sourceMTU: 1_500, needed: 1_550)),
            .switch(.outputIsWatched(vnet0, mirrors: [try MirrorName("web")])),
        ]
    }

    private static func taps() throws -> [Problem] {
        let (vnet0, ids0) = (try port("vnet0"), try port("ids0"))
        return [
            .tap(.beforeFilters(vnet0, filters: ["ingress pref 1 u32 (police)"])),
            .tap(.superFramesWhole(outputs: [ids0])),
            .tap(.sharedDirectory(try DirectoryPath("/srv/log"), mirrors: [try MirrorName("web")])),
            .tap(.shareLost(outputs: [ids0])),
        ]
    }
}

extension Examples {
    static func states() throws -> [Problem] {
        let (web, vnet0, ids0) = (try MirrorName("web"), try PortName("vnet0"), try PortName("ids0"))
        let process = ProcessProblem.RunningProcess(web, number: 4_711)
        return [
            .port(.missing([vnet0, ids0], isAwaited: true)),
            .port(.unusable(vnet0, reason: "could not open network device")),
            .port(.outputDown(.port(ids0))),
            .port(.outputWithoutCarrier(.port(ids0))),
            .port(.sourceDown(vnet0)),
            .port(.outputUnbridged(ids0)),
            .port(.outputUnprepared(.port(ids0))),
            .port(.recordDamaged(.port(ids0), path: "/run/portmirror/7", reason: "it is empty")),
            .process(.missing(web, leavesRest: true)),
            .process(.unknown(web, reason: "it hasn't answered within 2 seconds")),
            .process(.outdated(process)),
            .process(.besides(process)),
            .process(.withoutDefinition(process)),
            .process(.trouble("files can't be written to /srv/log")),
            .place(.process(web)),
            .place(.unknownDatabase(web)),
            .place(.database("tcp:192.0.2.1")),
            .place(.thisMachine),
            .place(.output(ids0, file: "/run/portmirror/7")),
            .state(.expired(runs: true)),
            .state(.removing(.process(web, reason: "it says nothing"))),
            .state(.removing(.database("tcp:192.0.2.1"))),
            .state(.nameAwaitsRemoval(.openVSwitch(reason: "Open vSwitch's database doesn't answer"))),
            .state(.nameAwaitsRemoval(.database("tcp:192.0.2.1"))),
            .state(.removing(.apply)),
            .state(.runsAsApplied),
            .state(.nothingRuns),
            .state(.stillCopies(untilApply: true)),
            .state(.copiesFail(untilApply: false)),
            .state(.withoutDefinition),
            .state(.copiesBesides(.kernel)),
            .state(.kernelIncomplete),
            .state(.kernelEmpty),
            .state(.notMoved),
            .state(.switchIncomplete([.sources, .ports(["vnet1"])])),
            .state(.switchLags(reason: "ovs-vswitchd isn't running")),
            .state(.neverRun),
        ]
            + FailureKind.allCases.map { kind in
                .step(
                    StepProblem(
                        step: "copy vnet0 ingress to ids0", reason: "can't add the filter", kind: kind, errno: "EBUSY",
                        said: "Device or resource busy"))
            }
    }
}
