import LinuxSystem
import MirrorModel
import MirrorPlan
import OVSDB

/// Reads the database as switches and mirrors.
struct SwitchReader {
    private let replica: Replica
    private let bridges: [BridgeRow]
    private let ports: [RowID: PortRow]
    private let interfaces: [RowID: InterfaceRow]
    /// Which bridge each port belongs to.
    private let bridgeOfPort: [RowID: BridgeRow]
    /// The kernel's interface that leads to an address, of 4 or 16 bytes.
    private let leads: (_ to: [UInt8]) -> Int32?
    private let namespace: NamespaceMark

    init(
        _ replica: Replica, namespace: NamespaceMark = .none,
        leads: @escaping (_ to: [UInt8]) -> Int32? = { _ in nil }
    ) {
        self.replica = replica
        self.namespace = namespace
        self.leads = leads
        let reachable = Set(replica.rows(OpenVSwitchRow.self).flatMap(\.bridges))
        bridges = replica.rows(BridgeRow.self).filter { reachable.contains($0.id) }
        ports = Dictionary(replica.rows(PortRow.self).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        interfaces = Dictionary(
            replica.rows(InterfaceRow.self).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var owners: [RowID: BridgeRow] = [:]
        for bridge in bridges { for port in bridge.ports { owners[port] = bridge } }
        bridgeOfPort = owners
    }

    // MARK: Topology

    /// The bridges as switches of the topology. A bridge whose name no interface can have can't be named by a mirror.
    func switches() -> [Switch] {
        let bridgeOfInterface = bridgesByInterface
        return bridges.compactMap { bridge in
            guard let name = try? PortName.ofInterface(bridge.name) else { return nil }
            var made = Switch(name: name, floodVLANs: Set(bridge.floodVLANs.compactMap { UInt16(exactly: $0) }))
            made.isInKernel = bridge.datapathType != "netdev"
            for port in bridge.ports.compactMap({ ports[$0] }) {
                let parts = port.interfaces.compactMap { interfaces[$0] }
                for part in parts where part.type == "patch" {
                    guard let peer = part.options["peer"], let other = bridgeOfInterface[peer] else { continue }
                    made.patches.insert(other)
                }
                guard let switchPort = switchPort(port, parts, of: bridge) else { continue }
                made.insert(switchPort)
            }
            return made
        }
    }

    private var bridgesByInterface: [String: PortName] {
        var found: [String: PortName] = [:]
        for bridge in bridges {
            guard let name = try? PortName.ofInterface(bridge.name) else { continue }
            for port in bridge.ports.compactMap({ ports[$0] }) {
                for part in port.interfaces.compactMap({ interfaces[$0] }) where part.type == "patch" {
                    found[part.name] = name
                }
            }
        }
        return found
    }

    private func switchPort(_ port: PortRow, _ parts: [InterfaceRow], of bridge: BridgeRow) -> SwitchPort? {
        guard let name = try? PortName.ofInterface(port.name) else { return nil }
        let names = parts.compactMap { try? PortName.ofInterface($0.name) }.sorted()
        let patch = parts.first { $0.type == "patch" }
        var made = SwitchPort(
            name: name, interfaces: names, vlanMode: Self.vlanMode(port),
            isInternal: port.name == bridge.name || !parts.isEmpty && parts.allSatisfy { $0.type == "internal" },
            isPatch: patch != nil, peer: patch?.options["peer"].flatMap { try? PortName.ofInterface($0) })
        if parts.count == 1 { made.tunnel = tunnel(parts[0]) }
        let problems = parts.compactMap(Self.problem)
        if problems.count == parts.count { made.problem = problems.first }
        let links = parts.compactMap(\.linkState)
        if !links.isEmpty { made.hasLink = links.contains("up") }
        return made
    }

    /// Why ovs-vswitchd can't use an interface (ovs-vswitchd.conf.db(5), Interface, `error` and `ofport`).
    static func problem(_ interface: InterfaceRow) -> String? {
        if let error = interface.error, !error.isEmpty { return error }
        return interface.ofport == -1 ? "it couldn't be set up (ofport -1)" : nil
    }

    private static let tunnels: Set = [
        "vxlan", "gre", "ip6gre", "geneve", "erspan", "ip6erspan", "stt", "lisp", "gtpu", "bareudp", "srv6",
    ]

    private func tunnel(_ interface: InterfaceRow) -> SwitchTunnel? {
        guard Self.tunnels.contains(interface.type) else { return nil }
        let remote = interface.options["remote_ip"]
        let address = remote.flatMap(InternetAddress.bytes)
        return SwitchTunnel(
            kind: interface.type, underlay: address.flatMap(leads), isSetByFlows: remote == "flow",
            isIPv6: address?.count == 16)
    }

    /// ovs-vswitchd.conf.db(5), Port, `vlan_mode`: where it is empty, a tag makes an access port.
    static func vlanMode(_ port: PortRow) -> VLANMode {
        let tag = port.tag.flatMap { UInt16(exactly: $0) } ?? 0
        let trunks = vlans(port.trunks)
        switch port.vlanMode ?? (port.tag == nil ? "trunk" : "access") {
        case "access": return .access(tag)
        case "native-tagged": return .nativeTagged(tag, trunks)
        case "native-untagged": return .nativeUntagged(tag, trunks)
        case "dot1q-tunnel": return .tunnel(tag, vlans(port.cvlans ?? []))
        default: return .trunk(trunks)
        }
    }

    private static func vlans(_ ids: Set<Int64>) -> VLANSet? {
        try? VLANSet(ids.compactMap { UInt16(exactly: $0) }.filter { $0 <= VLANSet.maximum }.map { $0...$0 })
    }

    // MARK: Mirrors

    /// - Parameters:
    ///   - now: seconds since 1970.
    ///   - sent: packets that the switch has sent to the outputs' interfaces, by the port's row.
    func state(now: Int64, sent: [RowID: UInt64] = [:]) -> SwitchState {
        var state = SwitchState()
        for bridge in bridges {
            if let name = try? PortName.ofInterface(bridge.name) {
                state.bridges[name] = SwitchObject(name: bridge.name, id: bridge.id)
            }
        }
        for (id, port) in ports where bridgeOfPort[id] != nil {
            if let name = try? PortName.ofInterface(port.name) {
                state.ports[name] = SwitchObject(name: port.name, id: id)
            }
        }
        if let text = replica.rows(OpenVSwitchRow.self).first?.otherConfig["stats-update-interval"],
            let milliseconds = Int64(text), milliseconds > 5000
        {
            state.statisticsAge = .milliseconds(milliseconds)
        }
        let age = state.statisticsAge.components.seconds
        for bridge in bridges {
            let object = SwitchObject(name: bridge.name, id: bridge.id)
            for row in bridge.mirrors.compactMap({ replica.row(MirrorRow.self, $0) }) {
                state.mirrors.append(observed(row, of: object, now: now, age: age, sent: sent))
            }
        }
        state.mirrorColumns = Set(["snaplen", "filter"].filter { replica.has($0, of: "Mirror") })
        state.mirrors.sort { ($0.bridge, $0.name, $0.id) < ($1.bridge, $1.name, $1.id) }
        return state
    }

    private func observed(
        _ row: MirrorRow, of bridge: SwitchObject, now: Int64, age: Int64, sent: [RowID: UInt64]
    ) -> ObservedSwitchMirror {
        let since = row.externalIDs[Mark.since].flatMap { Int64($0) } ?? now
        let seconds = Timestamp(secondsSince1970: now).seconds(since: Timestamp(secondsSince1970: since))
        var seen = ObservedSwitchMirror(
            id: row.id, name: row.name, owner: owner(row), bridge: bridge,
            selection: SwitchSelection(
                selectsAll: row.selectAll, ingress: objects(row.sourcePorts), egress: objects(row.destinationPorts),
                vlans: Set(row.vlans.compactMap { UInt16(exactly: $0) }), filter: row.filter,
                snaplen: row.snaplen.flatMap { UInt32(exactly: $0) }, output: output(of: row)),
            floods: row.externalIDs[Mark.flood] != nil && row.externalIDs[Mark.mirror] != nil,
            counters: Self.counters(row, sent: row.outputPort.flatMap { sent[$0] }),
            isOld: seconds > 2 * age + 1)
        seen.externalIDs = row.externalIDs
        return seen
    }

    private func owner(_ row: MirrorRow) -> ObservedSwitchMirror.Owner {
        if let name = row.externalIDs[Mark.mirror].flatMap({ try? MirrorName($0) }) {
            return namespace.covers(row.externalIDs[Mark.namespace]) ? .mirror(name) : .elsewhere(name)
        }
        return row.externalIDs[Mark.ovn] == "true" ? .ovn : .others
    }

    private func output(of row: MirrorRow) -> SwitchOutput {
        if let id = row.outputPort { return .port(object(id)) }
        if let id = row.outputVLAN.flatMap({ UInt16(exactly: $0) }) { return .vlan(id) }
        return .nowhere
    }

    private func objects(_ ids: Set<RowID>) -> Set<SwitchObject> { Set(ids.map(object)) }

    private func object(_ id: RowID) -> SwitchObject {
        SwitchObject(name: ports[id]?.name ?? id.description, id: id)
    }

    /// Rule 12: what was sent to a reserved port since the mirror has it are copies; what is less than was selected has
    /// failed. Both counters are refreshed together, at most every five seconds.
    private static func counters(_ row: MirrorRow, sent: UInt64?) -> Counters? {
        guard let packets = row.statistics["tx_packets"].flatMap({ UInt64(exactly: $0) }) else { return nil }
        var counters = Counters(
            selectedPackets: packets, selectedBytes: row.statistics["tx_bytes"].flatMap { UInt64(exactly: $0) } ?? 0)
        guard let sent, let baseline = row.externalIDs[Mark.baseline].flatMap(Baseline.init), sent >= baseline.sent,
            packets >= baseline.selected
        else {
            counters.knowsFailures = false
            return counters
        }
        let selected = packets - baseline.selected
        counters.failedPackets = selected - min(selected, sent - baseline.sent)
        return counters
    }

    /// The row of a port's only interface; nil for a bond.
    func interface(of port: RowID) -> RowID? {
        guard let interfaces = ports[port]?.interfaces, interfaces.count == 1 else { return nil }
        return interfaces.first
    }

    /// The counter of an interface that tells what the switch has sent to it. Of an internal port of the kernel's switch the
    /// database has what the host sees.
    func sentCounter(of interface: RowID) -> String {
        guard interfaces[interface]?.type == "internal",
            let port = ports.values.first(where: { $0.interfaces.contains(interface) }),
            bridgeOfPort[port.id]?.datapathType != "netdev"
        else { return "tx_packets" }
        return "rx_packets"
    }

    /// For each port that own rows send to, the row of its only interface: whose counters tell of failures.
    func interfacesOfOwnOutputs() -> [(port: RowID, interface: RowID)] {
        replica.rows(MirrorRow.self).compactMap { row in
            guard row.externalIDs[Mark.mirror] != nil, row.externalIDs[Mark.baseline] != nil,
                let port = row.outputPort, let interface = interface(of: port)
            else { return nil }
            return (port, interface)
        }
    }
}
