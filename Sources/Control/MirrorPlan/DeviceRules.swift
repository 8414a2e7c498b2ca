import Diagnosis
import MirrorModel

/// What the devices that a mirror names are, and what follows from it (``DeviceKind``).
struct DeviceRules {
    let mirror: Mirror
    let places: [Point]
    let observed: Observation
    /// Who sends the copies: a switch, a process, or else the kernel's hooks.
    let isOnSwitch: Bool
    let isTapped: Bool

    private var topology: Topology { observed.topology }

    private var outputs: [Port] { mirror.outputPorts.compactMap { topology[$0] } }

    // MARK: Refusals

    func refusals() -> [Problem] {
        (datapaths() + sources() + outputKinds() + tunnelsWithoutTarget() + loweredPathMTU()).map(Problem.device)
            + unseenVLANs().refusals.map(Problem.copies)
    }

    private func datapaths() -> [DeviceProblem] {
        (mirror.sources.map(\.port) + mirror.outputPorts).filter(topology.isDatapath)
            .map(DeviceProblem.switchDatapath)
    }

    private func sources() -> [DeviceProblem] {
        mirror.sources.compactMap { source in
            // What it receives is shown to packet sockets alone (`vrf_ip_rcv`, drivers/net/vrf.c).
            guard !isTapped, let port = topology[source.port], port.kind == .other("vrf") else { return nil }
            return .vrfSource(port.name, members: topology.members(of: port.name).map(\.name))
        }
    }

    private func outputKinds() -> [DeviceProblem] {
        outputs.compactMap { port in
            guard case .refused(let reason)? = DeviceKind.of(port)?.output else { return nil }
            return .unfitOutput(port.name, kind: port.kind.word, reason: reason)
        }
    }

    private func tunnelsWithoutTarget() -> [DeviceProblem] {
        outputs.compactMap { port in
            guard port.isEthernet else { return nil }
            switch port.tunnel?.target {
            case .group: return .tunnelToGroup(port.name)
            case .perPacket: return .tunnelWithoutEnd(port.name)
            case .known: return nil
            case nil:
                // What runs goes on: the next look may tell.
                guard port.tunnel != nil, !observed.running.contains(mirror.name) else { return nil }
                return .tunnelEndUnknown(port.name)
            }
        }
    }

    /// Rule 1: what is copied at egress still has its route, and GRE lowers that route's path MTU to its own
    /// (`tnl_update_pmtu` in net/ipv4/ip_tunnel.c, `ip6_tnl_xmit` in net/ipv6/ip6_tunnel.c).
    private func loweredPathMTU() -> [DeviceProblem] {
        guard !isOnSwitch, !isTapped, places.contains(where: keepsRoutes) else { return [] }
        return outputs.compactMap { port in
            guard let room = roomOfGRE(port), room < largestMTU else { return nil }
            return .lowersPathMTU(output: port.name, room: room, canFragment: port.kind.word == "gretap")
        }
    }

    /// Whether a frame that is copied there may have its route with it: what comes in has none yet, and what a bridge only
    /// forwards gets none.
    private func keepsRoutes(_ place: Point) -> Bool {
        guard let port = topology[place.port] else { return place.hook == .egress }
        guard place.hook == .egress else { return port.kind.word == "loopback" }
        guard let bridge = port.master.flatMap({ topology[index: $0] }), bridge.kind.isBridge else { return true }
        // Also through a VLAN of a VLAN on the bridge.
        var open = [bridge]
        var seen: Set<PortName> = []
        while let device = open.popLast() {
            if device.isAddressed { return true }
            if seen.insert(device.name).inserted { open += topology.stacked(on: device.index) }
        }
        return false
    }

    /// The largest payload that goes through a GRE tunnel which keeps to the path's MTU; nil for one that doesn't, and for
    /// other devices.
    private func roomOfGRE(_ port: Port) -> UInt32? {
        guard case .tunnel(let underlay, let kind) = port.kind, kind == "gretap" || kind == "ip6gretap" else {
            return nil
        }
        if let settings = port.tunnel, kind == "gretap", settings.ignoresDontFragment, !settings.followsPathMTU {
            return nil
        }
        // The inner Ethernet header, GRE's with a key and a number, and the outer IP header with an encapsulation limit.
        let overhead: UInt32 = 14 + 12 + (kind == "gretap" ? 20 : 48)
        let path = underlay.flatMap { topology[index: $0] }?.mtu
        return path.map { $0 > overhead ? $0 - overhead : 0 } ?? port.mtu
    }

    private var largest: Port? { places.compactMap { topology[$0.port] }.max { $0.mtu < $1.mtu } }

    private var largestMTU: UInt32 { largest?.mtu ?? 0 }

    // MARK: Warnings

    func warnings() -> [Problem] {
        let (devices, ways) = (outputNotices().map(Problem.device), waysOut().map(Problem.way))
        let flows = (farEnds() + programs()).map(Problem.device)
        let copies = (smallOutputs() + unseenVLANs().warnings).map(Problem.copies)
        return devices + ways + flows + copies + sharedUplinks().map(Problem.way)
    }

    private func outputNotices() -> [DeviceProblem] {
        outputs.compactMap { port in
            guard case .warned(let text)? = DeviceKind.of(port)?.output else { return nil }
            return .outputDevice(port.name, kind: port.kind.word, notice: text)
        }
    }

    /// A card in the watched bridge may lead to the sensor, or to everybody.
    private func waysOut() -> [WayProblem] {
        let bridges = Set(
            places.compactMap { place -> PortName? in
                guard let port = topology[place.port] else { return nil }
                if let bridge = topology.switchOf(port.name) { return bridge.name }
                return port.kind.isBridge ? port.name : port.master.flatMap { topology[index: $0] }?.name
            })
        return outputs.compactMap { port in
            let bridge = topology.switchOf(port.name)?.name ?? port.master.flatMap { topology[index: $0] }?.name
            guard let bridge, bridges.contains(bridge), leadsOut(port) else { return nil }
            let isOwn = isOnSwitch && topology.switchOf(port.name) != nil
            // A switch keeps its outputs for copies.
            return isOwn ? nil : .leavesMachine(output: port.name, bridge: bridge)
        }
    }

    /// A VLAN of the uplink is a way to a sensor elsewhere, and to everybody else in that VLAN.
    private func sharedUplinks() -> [WayProblem] {
        outputs.compactMap { port in
            guard case .vlan(_, let id) = port.kind, let uplink = topology.wayOut(ofVLAN: port) else { return nil }
            return .sharedVLAN(output: port.name, uplink: uplink.name, vlan: id)
        }
    }

    /// A VXLAN tunnel sends frames by their addresses before it goes by its remote end (`vxlan_xmit` in
    /// drivers/net/vxlan/vxlan_core.c).
    private func farEnds() -> [DeviceProblem] {
        outputs.flatMap { port -> [DeviceProblem] in
            guard let table = observed.forwarding[port.index] else { return [] }
            let rest = Set(table.filter(\.isForRest).map(\.target))
            let astray = table.filter { !$0.isForRest && !rest.contains($0.target) }
                .sorted { ($0.frames, $0.target) < ($1.frames, $1.target) }
            var found: [DeviceProblem] = []
            if let first = astray.first {
                found.append(
                    .entryAstray(
                        output: port.name, frames: first.frames, target: first.target, more: astray.count - 1,
                        rest: rest.sorted()))
            }
            if rest.count > 1 { found.append(.toSeveral(output: port.name, targets: rest.sorted())) }
            return found
        }
    }

    private func leadsOut(_ port: Port) -> Bool {
        switch port.kind {
        case .other("ether"), .aggregate, .vlan, .stacked, .tunnel: true
        default: false
        }
    }

    /// Before any hook, and before packet sockets (`__netif_receive_skb_core`, net/core/dev.c).
    private func programs() -> [DeviceProblem] {
        places.compactMap { place in
            guard place.hook == .ingress, let program = topology[place.port]?.program else { return nil }
            return .programFirst(place.port, number: program)
        }
    }

    /// Copies over the output's MTU are lost; super-frames are cut to their own segments' size, not the output's.
    private func smallOutputs() -> [CopyProblem] {
        guard let largest else { return [] }
        return outputs.compactMap { port in
            if port.kind.word == "gretap" || port.kind.word == "ip6gretap" { return smallGRE(port, largest) }
            guard port.mtu < largest.mtu else { return nil }
            return .outputMTU(
                output: port.name, mtu: port.mtu, source: largest.name, sourceMTU: largest.mtu,
                raise: raising(port, to: largest.mtu))
        }
    }

    private func smallGRE(_ port: Port, _ largest: Port) -> CopyProblem? {
        guard let room = roomOfGRE(port), room < largest.mtu, !places.contains(where: keepsRoutes) || isTapped else {
            return nil
        }
        return .tunnelMTU(
            output: port.name, room: room, source: largest.name, sourceMTU: largest.mtu,
            canFragment: port.kind.word == "gretap")
    }

    /// How to give a port a larger MTU, or why that can't be.
    private func raising(_ port: Port, to mtu: UInt32) -> CopyProblem.Raise {
        if let most = port.maximumMTU, most < mtu { return .impossible(port.name, most: most) }
        let own = CopyProblem.PortMTU(port.name, mtu)
        // A device above another is refused more than that one has, or has room for.
        let (index, overhead): (Int32?, UInt32)
        switch port.kind {
        case .vlan(let parent, _): (index, overhead) = (parent, 0)
        case .tunnel(let underlay, let kind):
            (index, overhead) = (
                underlay, SwitchTunnel(kind: kind, isIPv6: port.tunnel?.isIPv6 == true).overhead
            )
        default: return .ports([own])
        }
        guard let below = index.flatMap({ topology[index: $0] }), below.mtu < mtu + overhead else {
            return .ports([own])
        }
        switch raising(below, to: mtu + overhead) {
        case .ports(let first): return .ports(first + [own])
        case .impossible(let port, let most): return .impossible(port, most: most)
        }
    }

    // MARK: VLANs

    /// Rule 2 goes by the tag that a frame has at the port; at an access port it has none.
    private func unseenVLANs() -> (refusals: [CopyProblem], warnings: [CopyProblem]) {
        guard let vlans = mirror.vlans, !vlans.contains(0), !isOnSwitch else { return ([], []) }
        var names: Set<PortName> = []
        let ports = places.filter { names.insert($0.port).inserted && topology[$0.port]?.kind.isBridge == false }
        var blind: [CopyProblem.TaggedPort] = []
        var partly: [CopyProblem.TaggedPort] = []
        for place in ports {
            guard let seen = untagged(at: place.port) else { continue }
            if !seen.hasTags {
                blind.append(CopyProblem.TaggedPort(place.port, seen.tags))
            } else if !seen.vlans.filter(vlans.contains).isEmpty {
                partly.append(CopyProblem.TaggedPort(place.port, seen.tags))
            }
        }
        if !blind.isEmpty, blind.count == ports.count { return ([.vlanUnseen(vlans, ports: blind)], []) }
        return ([], (blind + partly).isEmpty ? [] : [.vlanPartlyUnseen(vlans, ports: blind + partly)])
    }

    /// The VLANs whose frames have no tag at a port, and whether any of the mirror's VLANs has one; nil if that isn't known.
    private func untagged(at name: PortName) -> (vlans: [UInt16], hasTags: Bool, tags: CopyProblem.TaggedPort.Tags)? {
        if let own = topology.switchPort(withInterface: name) {
            switch own.vlanMode {
            case .access(let id): return ([id], false, .access(id))
            case .nativeUntagged(let id, _): return ([id], true, .native(id))
            case .trunk, .nativeTagged, .tunnel: return nil
            }
        }
        guard let vlans = topology[name]?.vlans else { return nil }
        let without = vlans.untagged.union(vlans.native.map { [$0] } ?? []).sorted()
        guard !without.isEmpty || !vlans.tagged.isEmpty else { return nil }
        let hasTags = vlans.tagged.contains { mirror.vlans?.contains($0) == true }
        return (without, hasTags, .untagged(without))
    }
}
