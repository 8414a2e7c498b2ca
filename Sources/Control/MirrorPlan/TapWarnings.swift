import Diagnosis
import MirrorModel

/// What a tap does otherwise than a person may expect, said before it is done.
struct TapWarnings {
    let observed: Observation
    /// All mirrors that taps are to have.
    let others: [Mirror]

    func warnings(of mirror: Mirror) -> [TapProblem] {
        unfiltered(mirror) + keptOffloads(mirror) + sharedDirectories(mirror) + spreadOverOne(mirror)
    }

    /// A packet socket is asked before the ingress hook (`__netif_receive_skb_core`, net/core/dev.c).
    private func unfiltered(_ mirror: Mirror) -> [TapProblem] {
        mirror.points(in: observed.topology).compactMap { place in
            guard place.hook == .ingress, let port = observed.topology[place.port],
                let filters = observed.hooks[port.index]?.foreign.filter({ $0.hook == .ingress }), !filters.isEmpty
            else { return nil }
            return .beforeFilters(place.port, filters: filters.map(\.description))
        }
    }

    private func keptOffloads(_ mirror: Mirror) -> [TapProblem] {
        mirror.keepOffloads ? [.superFramesWhole(outputs: mirror.outputPorts)] : []
    }

    /// Two processes know nothing of each other's files.
    private func sharedDirectories(_ mirror: Mirror) -> [TapProblem] {
        mirror.directories.compactMap { directory in
            let users = others.filter { $0.name != mirror.name && $0.directories.contains(directory) }
            return users.isEmpty ? nil : .sharedDirectory(directory, mirrors: users.map(\.name))
        }
    }

    /// Outputs that don't exist have their share of the flows all the same.
    private func spreadOverOne(_ mirror: Mirror) -> [TapProblem] {
        guard mirror.spread else { return [] }
        let missing = mirror.outputPorts.filter { !observed.topology.has($0) }
        guard !missing.isEmpty, missing.count < mirror.outputs.count else { return [] }
        return [.shareLost(outputs: missing)]
    }
}
