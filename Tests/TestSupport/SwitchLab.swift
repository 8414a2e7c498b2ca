internal import LinuxSystem
public import MirrorModel
internal import Netlink
public import ReferenceModel
internal import RouteNetlink

/// Open vSwitch and the VMs at its ports, in two network namespaces of the calling thread's own: one pair of daemons for many
/// machines, each of which takes some of the ports that are there from the beginning.
///
/// Frames go in one at a time. ``settle()`` returns when the switch has done with one, so that all that came of it has arrived.
public final class SwitchLab {
    /// The daemons.
    public let openVSwitch: OpenVSwitch
    /// Ports with a VM, for bridges to take.
    public let ports: [PortName]
    private let socket: NetlinkSocket
    private let sender: LabSender
    private var vms: [PortName: LabPacketSocket] = [:]
    private var hosts: [PortName: (index: Int32, socket: LabPacketSocket)] = [:]
    private var switches: [Switch] = []

    /// Of every port, in bytes without the Ethernet header: room for tags on top of the usual.
    private static let mtu: UInt32 = 1600

    /// Builds a lab on a thread of its own and hands it to `body`, which runs in the switch's namespace.
    public static func run<Result: Sendable>(
        ports count: Int = 8, _ body: @escaping @Sendable (SwitchLab) throws -> Result
    ) throws -> Result {
        try OwnThread.run {
            try LabDirectory.use { directory in
                let lab = try SwitchLab(try (1...count).map { try PortName("vnet\($0)") }, directory)
                defer { lab.openVSwitch.stop() }
                return try body(lab)
            }
        }
    }

    /// Moves the calling thread into the switch's namespace, and builds.
    private init(_ ports: [PortName], _ directory: String) throws {
        self.ports = ports
        try NetworkNamespace.makeOwn()
        let vmNamespace = try NetworkNamespace.current()
        let vmSocket = try NetlinkSocket(.route, in: .current())
        try Lab.quieten()
        try NetworkNamespace.makeOwn()
        let switchNamespace = try NetworkNamespace.current()
        socket = try NetlinkSocket(.route, in: .current())
        try Lab.quieten()
        sender = try LabSender(bypassing: false)
        for port in ports {
            try socket.perform(LinkRequest.addVeth("\(port)", peer: "\(port)", peerNamespace: vmNamespace.number))
        }
        let vmIndices = try Self.bringUp(ports, vmSocket)
        _ = try Self.bringUp(ports, socket)
        try vmNamespace.enter()
        for port in ports { vms[port] = try LabPacketSocket(index: vmIndices[port] ?? 0, name: "\(port)") }
        try switchNamespace.enter()
        openVSwitch = try OpenVSwitch(directory: directory)
    }

    /// Brings interfaces up and returns all interfaces' indices.
    private static func bringUp(_ ports: [PortName], _ socket: NetlinkSocket) throws -> [PortName: Int32] {
        let indices = try Lab.indices(socket)
        var requests: [NetlinkRequest] = []
        for port in ports {
            guard let index = indices[port] else { throw LabError("there is no interface \(port)") }
            requests.append(Lab.change(index, port, mtu: mtu))
            requests.append(LinkRequest.setUp(true, index: index, name: "\(port)"))
        }
        try Lab.perform(requests, socket)
        return indices
    }

    // MARK: The machine

    /// Removes the bridges that were there before and makes these. Of a bridge's ports, those with a VM are among ``ports``.
    /// - Returns: the same, with the order in which each sends to its ports.
    public func build(_ switches: [Switch]) throws -> [Switch] {
        // Not in one transaction: a bridge of the same name would be the same, with all that it has learnt.
        if !self.switches.isEmpty {
            try openVSwitch.vsctl(Array(self.switches.flatMap { ["--", "del-br", "\($0.name)"] }.dropFirst()))
        }
        hosts = [:]
        self.switches = switches
        // All trunks at first: what is sent to all shows the order.
        try openVSwitch.add(switches.map(\.withTrunks))
        var ordered = switches
        for index in ordered.indices { ordered[index].order = try openVSwitch.order(of: switches[index]) }
        let modes = switches.flatMap { $0.ports.values.flatMap(OpenVSwitch.commands(toSetModeOf:)) }
        if !modes.isEmpty { try openVSwitch.vsctl(Array(modes.dropFirst())) }
        let internals = switches.flatMap { $0.ports.values.filter(\.isInternal).map(\.name) }
        let indices = try Self.bringUp(internals, socket)
        for name in internals {
            let index = indices[name] ?? 0
            hosts[name] = (index, try LabPacketSocket(index: index, name: "\(name)"))
        }
        for bridge in switches {
            guard let flows = bridge.flows else { continue }
            try openVSwitch.setFlows(
                flows.map { OpenVSwitch.flow(from: $0.key, $0.value, of: bridge) }, of: bridge.name)
        }
        try settle()
        _ = try receive()
        return ordered
    }

    // MARK: Traffic

    /// A VM sends a frame.
    public func send(_ frame: Frame, fromVMAt port: PortName) throws {
        guard let vm = vms[port] else { throw LabError("no VM is at \(port)") }
        if let errno = vm.send(frame.bytes) { throw LabError("can't send \(frame) from the VM at \(port): \(errno)") }
    }

    /// The host sends a frame through an internal port, or a bridge's own.
    public func send(_ frame: Frame, fromHostThrough port: PortName) throws {
        guard let index = hosts[port]?.index else { throw LabError("there is no internal port \(port)") }
        if let errno = sender.send(frame.bytes, index: index) {
            throw LabError("can't send \(frame) from the host through \(port): \(errno)")
        }
    }

    /// Returns when the switch has done with what was sent, and has forgotten how it was done: it learns from each frame, and
    /// flows that were installed before would follow that a moment later only.
    public func settle() throws {
        try openVSwitch.appctl("version")
        try openVSwitch.forgetFlows()
    }

    /// What has arrived since the last time, by place.
    public func receive() throws -> [Place: [Frame]] {
        var captures: [Place: [Frame]] = [:]
        for (name, socket) in vms {
            while let frame = try socket.receive() { captures[.wire(name), default: []].append(frame) }
        }
        for (name, host) in hosts {
            while let frame = try host.socket.receive() { captures[.host(name), default: []].append(frame) }
        }
        return captures
    }
}

extension Switch {
    fileprivate var withTrunks: Switch {
        var plain = self
        for var port in ports.values {
            port.vlanMode = .trunk(nil)
            plain.insert(port)
        }
        return plain
    }
}

extension OpenVSwitch {
    /// In which order a bridge, all of whose ports are trunks, sends a broadcast to its ports: not promised, but kept.
    fileprivate func order(of bridge: Switch) throws -> [PortName] {
        let patch = bridge.ports.values.first(where: \.isPatch)?.name
        var followers: [PortName: Set<PortName>] = [:]
        // Each in turn sends one, since a frame isn't sent back to where it came from.
        for sender in bridge.ports.keys {
            let port = sender == bridge.name ? "LOCAL" : "\"\(sender)\""
            let text = try appctl(
                "ofproto/trace", "--names", "\(bridge.name)",
                "in_port=\(port),dl_src=02:00:00:00:00:01,dl_dst=ff:ff:ff:ff:ff:ff")
            guard let line = text.split(separator: "\n").last(where: { $0.hasPrefix("Datapath actions: ") }) else {
                throw LabError("ofproto/trace said \(text)")
            }
            let names = line.dropFirst("Datapath actions: ".count).split(separator: ",")
            // What gets into another bridge goes through the patch port.
            let ports = names.compactMap { try? PortName(String($0)) }.compactMap {
                bridge.ports[$0] == nil ? patch : $0
            }
            for (index, name) in ports.enumerated() {
                followers[name, default: []].formUnion(ports[(index + 1)...].filter { $0 != name })
            }
        }
        return bridge.ports.keys.sorted { left, right in
            let counts = (followers[left]?.count ?? 0, followers[right]?.count ?? 0)
            return counts.0 == counts.1 ? left < right : counts.0 > counts.1
        }
    }

    /// A flow table's entry for one port, as `ovs-ofctl` reads it.
    static func flow(from port: PortName, _ actions: [FlowAction], of bridge: Switch) -> String {
        func text(_ port: PortName) -> String { port == bridge.name ? "LOCAL" : "\"\(port)\"" }
        let words = actions.map { action in
            switch action {
            case .output(let port): "output:\(text(port))"
            case .normal: "NORMAL"
            case .setDestination(let address): "mod_dl_dst:\(address)"
            case .setSource(let address): "mod_dl_src:\(address)"
            case .setVLAN(let id): "mod_vlan_vid:\(id)"
            case .stripVLAN: "strip_vlan"
            }
        }
        return "in_port=\(text(port)),actions=\(words.isEmpty ? "drop" : words.joined(separator: ","))"
    }
}
