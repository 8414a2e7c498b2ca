import MirrorModel
import ReferenceModel

/// A machine to try rules on: ports by short names, mirrors, and stations behind the ports.
struct Lab {
    var topology = Topology()
    var mirrors: [Mirror] = []
    var traits = EngineTraits.specification
    var localAddresses: [MACAddress: PortName] = [:]
    private var lastIndex: Int32 = 0

    /// The usual machine: a bridge `br` with the members a, b and c, and a port m that stands alone.
    static func usual() throws -> Lab {
        var lab = Lab()
        try lab.addBridge("br", members: ["a", "b", "c"])
        try lab.add("m")
        return lab
    }

    mutating func add(
        _ name: String, kind: PortKind = .other("ether"), master: String? = nil, bridgePort: BridgePortSettings? = nil
    ) throws {
        lastIndex += 1
        topology.insert(
            Port(
                name: try PortName(name), index: lastIndex, kind: kind,
                master: try master.flatMap { topology[try PortName($0)]?.index }, bridgePort: bridgePort))
    }

    mutating func addBridge(_ name: String, members: [String], spanningTree: Bool = false) throws {
        try add(name, kind: .bridge(spanningTree: spanningTree))
        for member in members { try add(member, master: name, bridgePort: BridgePortSettings()) }
    }

    /// A cable with an end in a bridge, or standing alone.
    mutating func addCable(_ left: String, in leftMaster: String? = nil, _ right: String, in rightMaster: String? = nil)
        throws
    {
        try add(left, kind: .veth(peer: lastIndex + 2), master: leftMaster)
        try add(right, kind: .veth(peer: lastIndex), master: rightMaster)
    }

    mutating func change(_ name: String, _ body: (inout Port) -> Void) throws {
        guard var port = topology[try PortName(name)] else { return }
        body(&port)
        topology.insert(port)
    }

    mutating func mirror(
        _ name: String, _ sources: [(String, Direction)], to outputs: String...,
        body: (inout Mirror) throws -> Void = {
            _ in
        }
    ) throws {
        var mirror = Mirror(
            name: try MirrorName(name), sources: try sources.map { .port(try PortName($0.0), $0.1) },
            outputs: try outputs.map { .port(try PortName($0)) })
        try body(&mirror)
        mirrors.append(mirror)
    }

    mutating func mirror(bridge: String, _ name: String, to outputs: String...) throws {
        mirrors.append(
            Mirror(
                name: try MirrorName(name), sources: [.bridge(try PortName(bridge))],
                outputs: try outputs.map { .port(try PortName($0)) }))
    }

    /// The model of the machine; filters match what `matches` says, or everything.
    func model(
        picks: @escaping ReferenceModel.Sampler = { _, _ in true },
        matches: @escaping ReferenceModel.Matcher = { _, _, _ in true }
    ) -> ReferenceModel {
        ReferenceModel(
            topology: topology, mirrors: mirrors, traits: traits, localAddresses: localAddresses, picks: picks,
            matches: matches)
    }
}

/// Stations, by the port that they are usually behind.
enum Station {
    static let a = MACAddress(0x02, 0, 0, 0, 0, 0x0a)
    static let b = MACAddress(0x02, 0, 0, 0, 0, 0x0b)
    static let c = MACAddress(0x02, 0, 0, 0, 0, 0x0c)
    static let host = MACAddress(0x02, 0, 0, 0, 0, 0x01)
    static let group = MACAddress(0x01, 0x00, 0x5e, 0, 0, 1)
}

/// A frame with a small payload of its own.
func frame(_ source: MACAddress, _ destination: MACAddress, vlan: UInt16? = nil, mark: UInt8 = 0) -> Frame {
    Frame(
        destination: destination, source: source, tags: vlan.map { [VLANTag(tci: $0)] } ?? [],
        payload: [UInt8](repeating: mark, count: 46))
}

extension ReferenceModel {
    mutating func receive(_ frame: Frame, at port: String) throws -> Trace { receive(frame, at: try PortName(port)) }
    mutating func send(_ frame: Frame, from port: String) throws -> Trace { send(frame, from: try PortName(port)) }
}

extension Trace {
    /// The copies of a mirror's output.
    func copies(_ mirror: String, _ output: String) throws -> [Frame] {
        copies[Route(try MirrorName(mirror), .port(try PortName(output)))] ?? []
    }

    /// The points where a mirror's copies were made, and whether each was delivered.
    func copyPoints(_ mirror: String) -> [String] {
        events.compactMap {
            switch $0 {
            case .copied(let copy, _) where copy.mirror.description == mirror: "\(copy.point)"
            case .failed(let copy, _) where copy.mirror.description == mirror: "\(copy.point) failed"
            default: nil
            }
        }
    }

    /// The names of the points passed, in order.
    var path: [String] { points.map(\.description) }

    /// Where originals got, such as `wire b` and `host br`, in order.
    var originals: [String] { places { $0 == .original } }

    /// Where copies got, in order.
    var copied: [String] { places { $0 != .original } }

    private func places(_ isWanted: (Delivery.Origin) -> Bool) -> [String] {
        deliveries.filter { isWanted($0.origin) }.map {
            switch $0.place {
            case .wire(let port): "wire \(port)"
            case .host(let port): "host \(port)"
            }
        }
    }

}
