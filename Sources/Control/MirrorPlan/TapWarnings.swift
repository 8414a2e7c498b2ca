import MirrorModel

/// What a tap does otherwise than a person may expect, said before it is done.
struct TapWarnings {
    let observed: Observation
    /// All mirrors that taps are to have.
    let others: [Mirror]

    func warnings(of mirror: Mirror) -> [Warning] {
        (unfiltered(mirror) + keptOffloads(mirror) + sharedDirectories(mirror) + spreadOverOne(mirror)).map {
            Warning(mirror: mirror.name, message: $0)
        }
    }

    /// A packet socket is asked before the ingress hook (`__netif_receive_skb_core`, net/core/dev.c).
    private func unfiltered(_ mirror: Mirror) -> [String] {
        mirror.points(in: observed.topology).compactMap { place in
            guard place.hook == .ingress, let port = observed.topology[place.port],
                let filters = observed.hooks[port.index]?.foreign.filter({ $0.hook == .ingress }), !filters.isEmpty
            else { return nil }
            return "\(place.port) has filters of others at ingress: "
                + filters.map(\.description).joined(separator: ", ")
                + ". A tap copies what comes in before they drop or change it"
        }
    }

    private func keptOffloads(_ mirror: Mirror) -> [String] {
        guard mirror.keepOffloads else { return [] }
        let ports = mirror.outputPorts.map(\.description).joined(separator: ", ")
        return [
            "super-frames are copied whole, with unfilled checksums, and Suricata and Zeek ignore such frames"
                + (ports.isEmpty ? "" : "; copies may be larger than the MTU of \(ports)")
        ]
    }

    /// Two processes know nothing of each other's files.
    private func sharedDirectories(_ mirror: Mirror) -> [String] {
        mirror.directories.compactMap { directory in
            let users = others.filter { $0.name != mirror.name && $0.directories.contains(directory) }
            guard !users.isEmpty else { return nil }
            return "\(directory) is written to by mirror \(users.map(\.name.description).joined(separator: ", ")) as "
                + "well, and each keeps and removes its own files alone: limits hold for each by itself"
        }
    }

    /// Outputs that don't exist have their share of the flows all the same.
    private func spreadOverOne(_ mirror: Mirror) -> [String] {
        guard mirror.spread else { return [] }
        let missing = mirror.outputPorts.filter { !observed.topology.has($0) }
        guard !missing.isEmpty, missing.count < mirror.outputs.count else { return [] }
        return [
            "\(missing.map(\.description).joined(separator: ", ")) \(missing.count == 1 ? "doesn't" : "don't") exist: "
                + "the flows that are \(missing.count == 1 ? "its" : "their") share are lost until then"
        ]
    }
}
