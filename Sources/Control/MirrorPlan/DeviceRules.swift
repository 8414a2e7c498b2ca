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

    func refusals() -> [Refusal] {
        (datapaths() + sources() + outputKinds() + tunnelsWithoutTarget() + loweredPathMTU() + unseenVLANs().refusals)
    }

    private func refusal(_ rule: Refusal.Rule, _ message: String) -> Refusal {
        Refusal(mirror: mirror.name, rule: rule, message: message)
    }

    private func datapaths() -> [Refusal] {
        (mirror.sources.map(\.port) + mirror.outputPorts).filter(topology.isDatapath).map { name in
            refusal(
                .wrongKind,
                "\(name) is Open vSwitch's own device for all of its bridges, which no frame passes: name a port or a "
                    + "bridge of it ('portmirror ports' lists them)")
        }
    }

    private func sources() -> [Refusal] {
        mirror.sources.compactMap { source in
            // What it receives is shown to packet sockets alone (`vrf_ip_rcv`, drivers/net/vrf.c).
            guard !isTapped, let port = topology[source.port], port.kind == .other("vrf") else { return nil }
            let members = topology.members(of: port.name).map { "--from \($0.name)" }
            let way =
                members.isEmpty
                ? "watch the interfaces that it routes" : "watch its members: " + members.joined(separator: " ")
            return refusal(
                .wrongKind, "\(port.name) can't be a source: a VRF only routes, and no frame passes its hooks; \(way)")
        }
    }

    private func outputKinds() -> [Refusal] {
        outputs.compactMap { port in
            guard case .refused(let reason)? = DeviceKind.of(port)?.output else { return nil }
            return refusal(.leak, "\(port.name) can't be an output, since it is a \(port.kind.word): \(reason)")
        }
    }

    private func tunnelsWithoutTarget() -> [Refusal] {
        outputs.compactMap { port in
            guard port.isEthernet else { return nil }
            switch port.tunnel?.target {
            case .group:
                return refusal(
                    .leak,
                    "\(port.name) can't be an output: its far end is a multicast group, and copies would reach everybody "
                        + "who joins it; make a tunnel with one remote address")
            case .perPacket:
                return refusal(
                    .leak,
                    "\(port.name) can't be an output: it has no far end of its own, so copies would be dropped, or go to "
                        + "whom it has learnt addresses from; make a tunnel with one remote address")
            case .known: return nil
            case nil:
                // What runs goes on: the next look may tell.
                guard port.tunnel != nil, !observed.running.contains(mirror.name) else { return nil }
                return refusal(
                    .leak,
                    "\(port.name) can't be an output now: the kernel couldn't tell where its far end is; try again")
            }
        }
    }

    /// Rule 1: what is copied at egress still has its route, and GRE lowers that route's path MTU to its own
    /// (`tnl_update_pmtu` in net/ipv4/ip_tunnel.c, `ip6_tnl_xmit` in net/ipv6/ip6_tunnel.c).
    private func loweredPathMTU() -> [Refusal] {
        guard !isOnSwitch, !isTapped, places.contains(where: keepsRoutes) else { return [] }
        return outputs.compactMap { port in
            guard let room = roomOfGRE(port), room < largestMTU else { return nil }
            let way =
                port.kind.word == "gretap"
                ? "have it fragment instead (\(Self.fragmenting(port))), " : ""
            return refusal(
                .harm,
                "\(port.name) can't be an output of the tc engine: a copy that is larger than its \(room) bytes would lower "
                    + "the path MTU of the mirrored connection itself, for ten minutes; \(way)"
                    + "have a tap send the copies (--engine tap), or watch ingress alone")
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

    private static func fragmenting(_ port: Port) -> String {
        "ip link set \(port.name) type gretap ttl inherit nopmtudisc ignore-df"
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

    func warnings() -> [Warning] {
        (outputNotices() + waysOut() + farEnds() + programs() + smallOutputs() + unseenVLANs().warnings
            + sharedUplinks()).map {
                Warning(mirror: mirror.name, message: $0)
            }
    }

    private func outputNotices() -> [String] {
        outputs.compactMap { port in
            guard case .warned(let text)? = DeviceKind.of(port)?.output else { return nil }
            return "\(port.name) is a \(port.kind.word): \(text)"
        }
    }

    /// A card in the watched bridge may lead to the sensor, or to everybody.
    private func waysOut() -> [String] {
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
            guard !isOwn else { return nil }
            return
                "\(port.name) is a member of \(bridge) and leads out of this machine: if other stations than the sensor "
                + "are behind it, they get the copies as well"
        }
    }

    /// A VLAN of the uplink is a way to a sensor elsewhere, and to everybody else in that VLAN.
    private func sharedUplinks() -> [String] {
        outputs.compactMap { port in
            guard case .vlan(_, let id) = port.kind, let uplink = topology.wayOut(ofVLAN: port) else { return nil }
            return "\(port.name) leaves by \(uplink.name): whoever else is in VLAN \(id) there gets the copies as well"
        }
    }

    /// A VXLAN tunnel sends frames by their addresses before it goes by its remote end (`vxlan_xmit` in
    /// drivers/net/vxlan/vxlan_core.c).
    private func farEnds() -> [String] {
        outputs.flatMap { port -> [String] in
            guard let table = observed.forwarding[port.index] else { return [] }
            let rest = Set(table.filter(\.isForRest).map(\.target))
            let astray = table.filter { !$0.isForRest && !rest.contains($0.target) }
                .sorted { ($0.frames, $0.target) < ($1.frames, $1.target) }
            var words: [String] = []
            if let first = astray.first {
                let more = astray.count == 1 ? "" : " (and \(astray.count - 1) more)"
                words.append(
                    "\(port.name) sends what is for \(first.frames) to \(first.target) alone, by an entry of its forwarding "
                        + "table\(more): those copies don't reach the sensor at \(rest.sorted().joined(separator: ", ")) "
                        + "('bridge fdb show dev \(port.name)' lists them; with 'nolearning' it learns no more)")
            }
            if rest.count > 1 {
                words.append("\(port.name) sends each copy to all of \(rest.sorted().joined(separator: ", "))")
            }
            return words
        }
    }

    private func leadsOut(_ port: Port) -> Bool {
        switch port.kind {
        case .other("ether"), .aggregate, .vlan, .stacked, .tunnel: true
        default: false
        }
    }

    /// Before any hook, and before packet sockets (`__netif_receive_skb_core`, net/core/dev.c).
    private func programs() -> [String] {
        places.compactMap { place in
            guard place.hook == .ingress, let program = topology[place.port]?.program else { return nil }
            return
                "\(place.port) has an XDP program (number \(program)), which sees what it receives first: what it drops or "
                + "takes isn't copied"
        }
    }

    /// Copies over the output's MTU are lost; super-frames are cut to their own segments' size, not the output's.
    private func smallOutputs() -> [String] {
        guard let largest else { return [] }
        return outputs.compactMap { port in
            if port.kind.word == "gretap" || port.kind.word == "ip6gretap" { return smallGRE(port, largest) }
            guard port.mtu < largest.mtu else { return nil }
            return "\(port.name) has MTU \(port.mtu), less than the \(largest.mtu) of \(largest.name): "
                + "larger frames' copies may be lost (\(raising(port, to: largest.mtu)))"
        }
    }

    private func smallGRE(_ port: Port, _ largest: Port) -> String? {
        guard let room = roomOfGRE(port), room < largest.mtu, !places.contains(where: keepsRoutes) || isTapped else {
            return nil
        }
        return
            "\(port.name) has room for \(room) bytes, less than the \(largest.mtu) of \(largest.name): copies of larger "
            + "frames are lost, and counted as its errors alone"
            + (port.kind.word == "gretap" ? " (\(Self.fragmenting(port)))" : "")
    }

    /// How to give a port a larger MTU, or why that can't be.
    private func raising(_ port: Port, to mtu: UInt32) -> String {
        if let most = port.maximumMTU, most < mtu { return "the MTU of \(port.name) can't be more than \(most)" }
        let own = "ip link set \(port.name) mtu \(mtu)"
        // A device above another is refused more than that one has, or has room for.
        let (index, overhead): (Int32?, UInt32)
        switch port.kind {
        case .vlan(let parent, _): (index, overhead) = (parent, 0)
        case .tunnel(let underlay, let kind):
            (index, overhead) = (
                underlay, SwitchTunnel(kind: kind, isIPv6: port.tunnel?.isIPv6 == true).overhead
            )
        default: return own
        }
        guard let below = index.flatMap({ topology[index: $0] }), below.mtu < mtu + overhead else { return own }
        let first = raising(below, to: mtu + overhead)
        return first.hasPrefix("ip link") ? "\(first) && \(own)" : first
    }

    // MARK: VLANs

    /// Rule 2 goes by the tag that a frame has at the port; at an access port it has none.
    private func unseenVLANs() -> (refusals: [Refusal], warnings: [String]) {
        guard let vlans = mirror.vlans, !vlans.contains(0), !isOnSwitch else { return ([], []) }
        var names: Set<PortName> = []
        let ports = places.filter { names.insert($0.port).inserted && topology[$0.port]?.kind.isBridge == false }
        var blind: [String] = []
        var partly: [String] = []
        for place in ports {
            guard let seen = untagged(at: place.port) else { continue }
            if !seen.hasTags {
                blind.append("\(place.port) (\(seen.words))")
            } else if !seen.vlans.filter(vlans.contains).isEmpty {
                partly.append("\(place.port) (\(seen.words))")
            }
        }
        let way = "leave --vlan out there, or add --vlan 0, which is untagged frames"
        if !blind.isEmpty, blind.count == ports.count {
            let message =
                "no frame has a tag of VLAN \(vlans) at \(blind.joined(separator: ", ")), so that nothing would be copied: \(way)"
            return ([refusal(.filter, message)], [])
        }
        return (
            [],
            (blind + partly).isEmpty
                ? []
                : [
                    "frames without a tag aren't in VLAN \(vlans) as it is seen at \((blind + partly).joined(separator: ", ")), "
                        + "and aren't copied there: \(way)"
                ]
        )
    }

    /// The VLANs whose frames have no tag at a port, and whether any of the mirror's VLANs has one; nil if that isn't known.
    private func untagged(at name: PortName) -> (vlans: [UInt16], hasTags: Bool, words: String)? {
        if let own = topology.switchPort(withInterface: name) {
            switch own.vlanMode {
            case .access(let id): return ([id], false, "an access port of VLAN \(id)")
            case .nativeUntagged(let id, _): return ([id], true, "native VLAN \(id)")
            case .trunk, .nativeTagged, .tunnel: return nil
            }
        }
        guard let vlans = topology[name]?.vlans else { return nil }
        let without = vlans.untagged.union(vlans.native.map { [$0] } ?? []).sorted()
        guard !without.isEmpty || !vlans.tagged.isEmpty else { return nil }
        let hasTags = vlans.tagged.contains { mirror.vlans?.contains($0) == true }
        let list = without.map { "\($0)" }.joined(separator: ", ")
        return (without, hasTags, without.isEmpty ? "no untagged VLAN" : "untagged in VLAN \(list)")
    }
}
