import MirrorModel
import Netlink
import RouteNetlink

/// Reads the namespace's links as a topology.
struct TopologyReader {
    let socket: NetlinkSocket

    func read() throws(NetlinkError) -> Topology {
        var topology = Topology()
        let messages = try socket.dump(LinkRequest.dump())
        for message in messages {
            // A link that can't be read can't be mirrored; the others can.
            guard let link = try? Link(message), let name = try? PortName(link.name) else { continue }
            topology.insert(
                Port(
                    name: name, index: link.index, kind: kind(of: link), master: link.master, isUp: link.isUp,
                    hasCarrier: link.hasCarrier, mtu: link.mtu, bridgePort: link.bridgePort.map(settings),
                    address: MACAddress(link.address), isEthernet: [1, 772].contains(link.hardwareType),
                    altnames: link.altnames.compactMap { try? PortName($0) }))
        }
        return topology
    }

    private func kind(of link: Link) -> PortKind {
        let local = link.peerNamespace == nil ? link.link : nil
        switch link.kind {
        case "bridge":
            return .bridge(spanningTree: link.kindData[5]?.integer(UInt32.self) ?? 0 != 0)
        case "veth": return .veth(peer: local)
        case "vlan": return .vlan(parent: local, id: link.kindData[1]?.integer() ?? 0)
        case "macvlan", "macvtap", "ipvlan", "ipvtap":
            return .shared(parent: local, kind: link.kind ?? "")
        case "bond", "team": return .aggregate(kind: link.kind ?? "")
        // linux/if_link.h IFLA_VXLAN_LINK, _GROUP, _GROUP6
        case "vxlan": return tunnel(link, underlay: 3, remotes: [2, 16])
        // IFLA_GENEVE_REMOTE, _REMOTE6
        case "geneve": return tunnel(link, underlay: nil, remotes: [2, 7])
        // linux/if_tunnel.h IFLA_GRE_LINK, _REMOTE
        case "gretap", "ip6gretap", "erspan", "ip6erspan", "gre", "ip6gre":
            return tunnel(link, underlay: 1, remotes: [7])
        case let kind?: return .other(kind)
        case nil: return .other(link.isLoopback ? "loopback" : "ether")
        }
    }

    /// The interface under a tunnel: the one it is bound to, else the one that leads to its remote end.
    private func tunnel(_ link: Link, underlay: UInt16?, remotes: [UInt16]) -> PortKind {
        let kind = link.kind ?? ""
        if let underlay, let index = link.kindData[underlay]?.integer(Int32.self), index > 0 {
            return .tunnel(underlay: index, kind: kind)
        }
        for remote in remotes {
            guard let address = link.kindData[remote]?.bytes, address.count == 4 || address.count == 16,
                address.contains(where: { $0 != 0 })
            else { continue }
            // No route now: nothing to loop through now.
            let reply = try? socket.perform(RouteRequest.get(Array(address)))
            if let index = reply?.messages.first.flatMap(RouteRequest.outputInterface) {
                return .tunnel(underlay: index, kind: kind)
            }
        }
        return .tunnel(underlay: nil, kind: kind)
    }

    private func settings(_ port: BridgePort) -> BridgePortSettings {
        BridgePortSettings(
            state: port.state ?? 3, learning: port.learning ?? true, unicastFlood: port.unicastFlood ?? true,
            multicastFlood: port.multicastFlood ?? true, broadcastFlood: port.broadcastFlood ?? true,
            locked: port.locked)
    }
}
