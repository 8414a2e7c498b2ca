public import MirrorModel

/// What a lab is built of: bridges, ports whose other ends the VMs have, and cables inside the switch.
public struct LabLayout: Hashable, Sendable {
    /// A bridge, without spanning tree and multicast snooping.
    public struct Bridge: Hashable, Sendable {
        /// The bridge device's name.
        public var name: PortName
        /// The bridge device's own address, which doesn't follow its members'.
        public var address: MACAddress

        /// A bridge, which ports name to be its members.
        public init(name: PortName, address: MACAddress) {
            self.name = name
            self.address = address
        }
    }

    /// One end of a veth pair in the switch's namespace.
    public struct Port: Hashable, Sendable {
        /// The name of the end in the switch; a VM's end has the same.
        public var name: PortName
        /// The address of the end in the switch.
        public var address: MACAddress
        /// The bridge that it is a member of; nil if it stands alone.
        public var bridge: PortName?
        /// Whether the end in the switch is up.
        public var isUp = true
        /// Where the other end is.
        public var end: End

        /// Where the other end of a port's veth pair is.
        public enum End: Hashable, Sendable {
            /// At a VM, whose end can be down: the port has no carrier then.
            case vm(isUp: Bool)
            /// Another port of the switch: the two are a cable.
            case port(PortName)
        }

        /// A port, unless told otherwise up and with a VM.
        public init(
            name: PortName, address: MACAddress, bridge: PortName?, isUp: Bool = true, end: End = .vm(isUp: true)
        ) {
            self.name = name
            self.address = address
            self.bridge = bridge
            self.isUp = isUp
            self.end = end
        }

        /// Whether a VM is at the other end.
        public var hasVM: Bool { if case .vm = end { true } else { false } }
    }

    /// The switch's bridges.
    public var bridges: [Bridge]
    /// The switch's ports; a cable is two of them.
    public var ports: [Port]
    /// Of every interface, in bytes without the Ethernet header.
    public var mtu: UInt32

    /// A layout, empty unless told otherwise.
    public init(bridges: [Bridge] = [], ports: [Port] = [], mtu: UInt32 = 1500) {
        self.bridges = bridges
        self.ports = ports
        self.mtu = mtu
    }

    /// The port with the name.
    public subscript(_ name: PortName) -> Port? { ports.first { $0.name == name } }

    /// Whether both ends of a port's veth pair are up.
    public func hasCarrier(_ port: Port) -> Bool {
        guard port.isUp else { return false }
        switch port.end {
        case .vm(let isUp): return isUp
        case .port(let other): return self[other]?.isUp == true
        }
    }

    /// As a plan or the model sees it; the indices are made up, in the order of the layout.
    public var topology: Topology {
        let order = bridges.map(\.name) + ports.map(\.name)
        let indices = Dictionary(uniqueKeysWithValues: zip(order, Int32(2)...))
        var topology = Topology()
        for bridge in bridges {
            let members = ports.filter { $0.bridge == bridge.name }
            topology.insert(
                MirrorModel.Port(
                    name: bridge.name, index: indices[bridge.name] ?? 0, kind: .bridge(spanningTree: false),
                    hasCarrier: members.contains(where: hasCarrier), mtu: mtu))
        }
        for port in ports {
            var peer: Int32?
            if case .port(let other) = port.end { peer = indices[other] }
            topology.insert(
                MirrorModel.Port(
                    name: port.name, index: indices[port.name] ?? 0, kind: .veth(peer: peer),
                    master: port.bridge.flatMap { indices[$0] }, isUp: port.isUp, hasCarrier: hasCarrier(port),
                    mtu: mtu,
                    bridgePort: port.bridge.map { _ in
                        BridgePortSettings(state: port.isUp && hasCarrier(port) ? 3 : 0)
                    }))
        }
        return topology
    }

    /// The addresses that bridges and their members have.
    public var localAddresses: [MACAddress: PortName] {
        var addresses: [MACAddress: PortName] = [:]
        for bridge in bridges { addresses[bridge.address] = bridge.name }
        for port in ports where port.bridge != nil { addresses[port.address] = port.name }
        return addresses
    }
}
