public import MirrorModel
public import ReferenceModel

extension ReferenceModel {
    /// The places that get copies from an output, and would get the originals without it, or have sent them: rule 8 has none.
    ///
    /// Found by broadcasts from everywhere, every one selected.
    /// - Parameters:
    ///   - mirror: Its selectors don't count.
    ///   - output: One of its outputs.
    ///   - topology: With the mirror's reserved outputs as rule 7 has them.
    public static func leaks(of mirror: Mirror, to output: PortName, in topology: Topology) -> Set<Place> {
        let mirror = Mirror(name: mirror.name, sources: mirror.sources, outputs: [.port(output)])
        var without = topology
        if var port = without[output] {
            port.isUp = false
            without.insert(port)
        }
        var found: Set<Place> = []
        for name in topology.ports.keys.sorted() where name != output {
            for isReceived in [true, false] {
                // A cable's end here receives what the other one sends, and nothing else.
                if isReceived, case .veth(.some, _)? = topology[name]?.kind { continue }
                func trace(_ mirrors: [Mirror], _ topology: Topology) -> Trace {
                    let frame = Frame(
                        [UInt8](repeating: 0xff, count: 6) + [2, 0, 0, 0, 0, 9, 8, 0] + [UInt8](repeating: 0, count: 46)
                    )
                    var model = ReferenceModel(topology: topology, mirrors: mirrors) { _, _, _ in true }
                    return isReceived ? model.receive(frame, at: name) : model.send(frame, from: name)
                }
                // What is sent from behind the output is the output's own affair: without it no copy is due.
                guard trace([mirror], without).events.contains(where: \.isFailure) else { continue }
                let originals = Set(trace([], without).deliveries.filter { $0.origin == .original }.map(\.place))
                let copies = Set(trace([mirror], topology).deliveries.filter { $0.origin != .original }.map(\.place))
                let sender = isReceived ? Place.wire(name) : .host(name)
                found.formUnion(
                    copies.intersection(originals.union([sender])).subtracting([.wire(output), .host(output)]))
            }
        }
        return found
    }
}

extension Trace.Event {
    fileprivate var isFailure: Bool { if case .failed = self { true } else { false } }
}
