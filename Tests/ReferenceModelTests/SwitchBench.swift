import MirrorModel
import ReferenceModel
import Testing

/// An Open vSwitch bridge `br` to try rules on, with the ports p1, p2 and p3, trunks unless told otherwise.
struct SwitchBench {
    var bridge: Switch
    var others: [Switch] = []
    var mirrors: [Mirror] = []
    var traits = EngineTraits.openVSwitch(OpenVSwitchVersion(3, 1, 0))

    static let normal: [String] = ["p1", "p2", "p3"]

    init(_ modes: [String: VLANMode] = [:], ports: [String] = Self.normal) throws {
        bridge = Switch(
            name: try PortName("br"),
            ports: try ports.map { SwitchPort(name: try PortName($0), vlanMode: modes[$0] ?? .trunk(nil)) })
        if let mode = modes["br"] {
            bridge.insert(SwitchPort(name: bridge.name, vlanMode: mode, isInternal: true))
        }
    }

    /// What Open vSwitch's own tests have: what p1 sends goes out of p2, and the other way round.
    mutating func crossFlows(_ changes: FlowAction...) throws {
        let (p1, p2) = (try PortName("p1"), try PortName("p2"))
        bridge.flows = [p1: changes + [.output(p2)], p2: changes + [.output(p1)]]
    }

    mutating func mirror(
        _ name: String, _ sources: [(String, Direction)], to output: String,
        body: (inout Mirror) throws -> Void = { _ in }
    ) throws {
        try mirror(name, sources.map { .port(try PortName($0.0), $0.1) }, to: .port(try PortName(output)), body: body)
    }

    mutating func mirror(
        _ name: String, _ sources: [Source], to output: Output, body: (inout Mirror) throws -> Void = { _ in }
    ) throws {
        var mirror = Mirror(name: try MirrorName(name), sources: sources, outputs: [output])
        try body(&mirror)
        mirrors.append(mirror)
    }

    func model(matches: @escaping ReferenceModel.Matcher = { _, _, _ in true }) -> ReferenceModel {
        ReferenceModel(
            topology: Topology(switches: [bridge] + others), mirrors: mirrors, traits: traits, matches: matches)
    }

    /// What comes of a frame that a VM sends: the ports that it gets to, with tags and a cut length if they aren't as they were.
    func results(_ frame: Frame, from port: String) throws -> [String] {
        var model = model()
        return Self.places(try model.receive(frame, at: port), frame)
    }

    static func places(_ trace: Trace, _ sent: Frame) -> [String] {
        trace.deliveries.map { delivery in
            let place =
                switch delivery.place {
                case .wire(let port): "\(port)"
                case .host(let port): "host \(port)"
                }
            let tags = delivery.frame.vlanTags.map { tag in
                (tag.tpid == VLANTag.customer ? " " : " s") + "\(tag.id)"
                    + (tag.tci >> 13 == 0 ? "" : "/\(tag.tci >> 13)")
            }.joined()
            let isWhole =
                delivery.frame.etherType == sent.etherType && delivery.frame.bytes.count >= sent.bytes.count - 8
            return place + tags + (isWhole ? "" : " cut to \(delivery.frame.bytes.count)")
        }
    }
}

/// The echo request that Open vSwitch's own tests send: 50:54:00:00:00:05 to :07.
func echo(vlan: UInt16? = nil, priority: UInt16 = 0, length: Int = 98) -> Frame {
    Frame(
        destination: MACAddress(0x50, 0x54, 0, 0, 0, 7), source: MACAddress(0x50, 0x54, 0, 0, 0, 5),
        tags: vlan.map { [VLANTag(tci: priority << 13 | $0)] } ?? [],
        payload: (0..<(length - 14 - (vlan == nil ? 0 : 4))).map { UInt8(truncatingIfNeeded: $0) })
}
