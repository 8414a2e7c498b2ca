import LinuxSystem
import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink

/// Reads the namespace's links as a topology.
struct TopologyReader {
    let socket: NetlinkSocket

    func read() throws(NetlinkError) -> Topology {
        var topology = Topology()
        var sortsVLANs: Set<Int32> = []
        for message in try socket.dump(LinkRequest.dump()) {
            // A link that can't be read can't be mirrored; the others can.
            guard let link = try? Link(message), let name = try? PortName(link.name) else { continue }
            var port = Port(
                name: name, index: link.index, kind: kind(of: link), master: link.master, isUp: link.isUp,
                hasCarrier: link.hasCarrier, mtu: link.mtu, bridgePort: link.bridgePort.map(settings),
                address: MACAddress(link.address), isEthernet: [1, 772].contains(link.hardwareType),
                altnames: link.altnames.compactMap { try? PortName($0) })
            port.maximumMTU = link.maximumMTU
            port.program = link.program
            if port.kind.isTunnel { port.tunnel = tunnelSettings(of: link) }
            if link.kind == "bond" {
                port.bond = link.kindData[IFLA.BOND_MODE]?.integer(UInt8.self).flatMap(BondMode.init)
            }
            if link.kind == "bridge", link.kindData[IFLA.BR_VLAN_FILTERING]?.integer(UInt8.self) == 1 {
                sortsVLANs.insert(link.index)
            }
            topology.insert(port)
        }
        for port in topology.ports.values where port.kind == .other("ether") {
            // A pair of a virtual and a passed-through card (net_failover, Hyper-V): one LAN behind both.
            guard !topology.members(of: port.name).isEmpty else { continue }
            var pair = port
            pair.kind = .aggregate(kind: "failover")
            topology.insert(pair)
        }
        // Only what GRE does to routes depends on it.
        if topology.ports.values.contains(where: { ["gretap", "ip6gretap"].contains($0.kind.word) }) {
            try readAddresses(into: &topology)
        }
        if !sortsVLANs.isEmpty { try readVLANs(of: sortsVLANs, into: &topology) }
        return topology
    }

    private func readAddresses(into topology: inout Topology) throws(NetlinkError) {
        let addressed = Set(try socket.dump(InterfaceAddress.dump()).compactMap(InterfaceAddress.interface))
        for var port in topology.ports.values {
            port.isAddressed = addressed.contains(port.index)
            topology.insert(port)
        }
        // Without an address of its own, too, a bridge may be what this host sends through.
        for bridge in topology.ports.values where bridge.kind.isBridge {
            var open = [bridge]
            while var device = open.popLast() {
                guard !device.isAddressed else { continue }
                device.isAddressed = try isRouted(device)
                topology.insert(device)
                open += topology.stacked(on: device.index)
            }
        }
    }

    private func isRouted(_ port: Port) throws(NetlinkError) -> Bool {
        for isIPv6 in [false, true] {
            do throws(NetlinkError) {
                let routes = try socket.dump(
                    RouteRequest.dump(through: port.index, name: "\(port.name)", isIPv6: isIPv6))
                if routes.contains(where: { RouteRequest.leads($0, through: port.index) }) { return true }
            } catch {
                // A kernel without IPv6 has none of its routes; an interface that has gone has none either.
                guard error.errno == .notSupported || error.errno == .noDevice else { throw error }
            }
        }
        return false
    }

    private func readVLANs(of bridges: Set<Int32>, into topology: inout Topology) throws(NetlinkError) {
        for message in try socket.dump(BridgeVLAN.dump()) {
            guard let (index, list) = try? BridgeVLAN.list(message), var port = topology[index: index],
                port.master.map(bridges.contains) == true
            else { continue }
            let untagged = list.filter(\.isUntagged).map(\.id)
            port.vlans = PortVLANs(
                native: list.first(where: \.isNative)?.id, untagged: Set(untagged),
                tagged: Set(list.map(\.id)).subtracting(untagged))
            topology.insert(port)
        }
    }

    private func kind(of link: Link) -> PortKind {
        let local = link.peerNamespace == nil ? link.link : nil
        switch link.kind {
        case "bridge":
            return .bridge(spanningTree: link.kindData[IFLA.BR_STP_STATE]?.integer(UInt32.self) ?? 0 != 0)
        case "veth"?, "netkit"?: return .veth(peer: local, kind: link.kind ?? "")
        case "vlan": return .vlan(parent: local, id: link.kindData[IFLA.VLAN_ID]?.integer() ?? 0)
        case "macvlan", "macvtap", "ipvlan", "ipvtap":
            return .shared(parent: local, kind: link.kind ?? "")
        case "bond", "team": return .aggregate(kind: link.kind ?? "")
        case "vxlan", "geneve", "gretap", "ip6gretap", "erspan", "ip6erspan", "gre", "ip6gre": return tunnel(link)
        case let kind?:
            guard let parent = local, parent > 0, parent != link.index else { return .other(kind) }
            return .stacked(parent: parent, kind: kind)
        case nil: return .other(link.isLoopback ? "loopback" : "ether")
        }
    }

    // MARK: Tunnels

    /// Attributes of a kind of tunnel (linux/if_link.h, linux/if_tunnel.h).
    private struct TunnelAttributes {
        var underlay: UInt16?
        var remotes: [UInt16]
        var metadata: UInt16

        init(_ kind: String?) {
            switch kind {
            case "vxlan":
                (underlay, remotes, metadata) = (
                    IFLA.VXLAN_LINK, [IFLA.VXLAN_GROUP, IFLA.VXLAN_GROUP6], IFLA.VXLAN_COLLECT_METADATA
                )
            case "geneve":
                (underlay, remotes, metadata) = (
                    nil, [IFLA.GENEVE_REMOTE, IFLA.GENEVE_REMOTE6], IFLA.GENEVE_COLLECT_METADATA
                )
            default: (underlay, remotes, metadata) = (IFLA.GRE_LINK, [IFLA.GRE_REMOTE], IFLA.GRE_COLLECT_METADATA)
            }
        }
    }

    /// The interface under a tunnel: the one it is bound to, else the one that leads to its remote end.
    private func tunnel(_ link: Link) -> PortKind {
        let kind = link.kind ?? ""
        let known = TunnelAttributes(kind)
        if let underlay = known.underlay, let index = link.kindData[underlay]?.integer(Int32.self), index > 0 {
            return .tunnel(underlay: index, kind: kind)
        }
        for address in remotes(of: link) {
            // No route now: nothing to loop through now.
            let reply = try? socket.perform(RouteRequest.get(address))
            if let index = reply?.messages.first.flatMap(RouteRequest.outputInterface) {
                return .tunnel(underlay: index, kind: kind)
            }
        }
        return .tunnel(underlay: nil, kind: kind)
    }

    private func remotes(of link: Link) -> [[UInt8]] {
        TunnelAttributes(link.kind).remotes.compactMap { remote in
            guard let address = link.kindData[remote]?.bytes, address.count == 4 || address.count == 16,
                address.contains(where: { $0 != 0 })
            else { return nil }
            return Array(address)
        }
    }

    private func tunnelSettings(of link: Link) -> TunnelSettings {
        let isGRE = link.kind == "gretap"
        return TunnelSettings(
            target: target(of: link),
            followsPathMTU: isGRE && link.kindData[IFLA.GRE_PMTUDISC]?.integer(UInt8.self) != 0,
            ignoresDontFragment: isGRE && link.kindData[IFLA.GRE_IGNORE_DF]?.integer(UInt8.self) == 1,
            isIPv6: remotes(of: link).first?.count == 16)
    }

    /// nil if it can't be told now.
    private func target(of link: Link) -> TunnelSettings.Target? {
        let metadata = link.kindData[TunnelAttributes(link.kind).metadata]
        // A flag of its own, or a byte.
        if let metadata, metadata.bytes.isEmpty || metadata.bytes.contains(where: { $0 != 0 }) { return .perPacket }
        if let address = remotes(of: link).first {
            return address.count == 4 && address[0] & 0xf0 == 0xe0 || address.count == 16 && address[0] == 0xff
                ? .group : .known
        }
        guard link.kind == "vxlan" else { return .perPacket }
        guard let entries = try? entries(of: link.index, link.name) else { return nil }
        return entries.contains(where: \.isForEveryFrame) ? .known : .perPacket
    }

    private func entries(of index: Int32, _ name: String) throws(NetlinkError) -> [ForwardingEntry] {
        try socket.dump(ForwardingEntry.dump(index: index, name: name)).compactMap {
            ForwardingEntry($0, index: index)
        }
    }

    /// Where a tunnel sends frames by its forwarding table; empty if it has gone.
    func forwarding(of tunnel: ResolvedPort) throws(NetlinkError) -> [ForwardingDestination] {
        let entries: [ForwardingEntry]
        do throws(NetlinkError) {
            entries = try self.entries(of: tunnel.index, "\(tunnel.name)")
        } catch {
            guard error.errno == .noDevice else { throw error }
            return []
        }
        return entries.compactMap { entry in
            MACAddress(entry.address).map { ForwardingDestination(frames: $0, target: entry.target) }
        }
    }

    private func settings(_ port: BridgePort) -> BridgePortSettings {
        BridgePortSettings(
            state: port.state ?? 3, learning: port.learning ?? true, unicastFlood: port.unicastFlood ?? true,
            multicastFlood: port.multicastFlood ?? true, broadcastFlood: port.broadcastFlood ?? true,
            locked: port.locked)
    }
}
