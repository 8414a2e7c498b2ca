internal import CLinux
internal import Glibc
internal import LinuxSystem
public import MirrorModel
internal import Netlink
internal import RouteNetlink

/// A switch and the VMs at its ports, in two network namespaces of the calling thread's own: frames go in at one end and are
/// captured at the others, as fast as the kernel moves them and without a wait that is longer than needed.
///
/// The thread stays on one CPU. What it sends is then queued and delivered in order (`netif_rx` to the CPU's backlog), so
/// that a sentinel, sent past all mirrors out of every port, shows by its arrival that all before it has gone one hop on.
public final class Lab {
    /// EtherType of sentinels: IEEE 802's first for local experiments. No other frame may have it.
    public static let sentinelType: UInt16 = 0x88b5
    /// Cables and mirrors that a frame can come through one after the other.
    private static let mostHops = 10

    /// What it is built of.
    public let layout: LabLayout
    private let switchNamespace: NetworkNamespace
    private let vmNamespace: NetworkNamespace
    private let switchSocket: NetlinkSocket
    private let vmSocket: NetlinkSocket
    private let sender: LabSender
    private let sentinelSender: LabSender
    private var indices: [PortName: Int32] = [:]
    private var vms: [PortName: LabPacketSocket] = [:]
    private var sentinels: UInt32 = 0

    /// Builds a lab on a thread of its own and hands it to `body`, which runs in the switch's namespace. Everything goes with
    /// the thread.
    public static func run<Result: Sendable>(
        _ layout: LabLayout, _ body: @escaping @Sendable (Lab) throws -> Result
    ) throws -> Result {
        try OwnThread.run { try body(Lab(layout)) }
    }

    /// Moves the calling thread into the switch's namespace, and builds.
    private init(_ layout: LabLayout) throws {
        self.layout = layout
        try labCheck(clinux_stay_on_cpu(), "stay on a CPU")
        try NetworkNamespace.makeOwn()
        vmNamespace = try NetworkNamespace.current()
        vmSocket = try NetlinkSocket(.route, in: .current())
        try Self.quieten()
        try NetworkNamespace.makeOwn()
        switchNamespace = try NetworkNamespace.current()
        switchSocket = try NetlinkSocket(.route, in: .current())
        try Self.quieten()
        sender = try LabSender(bypassing: false)
        sentinelSender = try LabSender(bypassing: true)
        try build()
        try openVMs()
    }

    // MARK: Traffic

    /// A VM sends a frame.
    public func send(_ frame: Frame, fromVMAt port: PortName) throws {
        guard let socket = vms[port], let entry = layout[port] else { throw LabError("no VM is at \(port)") }
        try report(socket.send(frame.bytes), frame, "the VM at \(port)", canLeave: layout.hasCarrier(entry))
    }

    /// The host sends a frame out of a port, or into a bridge.
    public func send(_ frame: Frame, fromHostThrough port: PortName) throws {
        guard let index = indices[port] else { throw LabError("there is no port \(port)") }
        let canLeave = layout[port].map(layout.hasCarrier) ?? true
        try report(sender.send(frame.bytes, index: index), frame, "the host through \(port)", canLeave: canLeave)
    }

    /// A port that is down, or without carrier, says so; that is as it should be.
    private func report(_ errno: Errno?, _ frame: Frame, _ whence: String, canLeave: Bool) throws {
        guard let errno, canLeave else { return }
        throw LabError("can't send \(frame) from \(whence): \(errno)")
    }

    /// All that has arrived at each VM since the last time, in order; nothing sent before is still under way then.
    public func drain() throws -> [PortName: [Frame]] {
        var captures = vms.mapValues { _ in [Frame]() }
        // Whatever is queued goes one hop with each round: a sentinel's queue is everybody's.
        for _ in 0..<Self.mostHops {
            sentinels += 1
            for port in layout.ports where port.hasVM && layout.hasCarrier(port) {
                guard let index = indices[port.name] else { continue }
                if let errno = sentinelSender.send(Self.sentinel(sentinels), index: index) {
                    throw LabError("can't send a sentinel out of \(port.name): \(errno)")
                }
            }
            for (name, socket) in vms {
                let isAwaited = layout[name].map(layout.hasCarrier) == true
                captures[name, default: []] += try receive(socket, name, until: isAwaited ? sentinels : nil)
            }
        }
        return captures
    }

    /// What has arrived, up to a sentinel if one is awaited.
    private func receive(_ socket: LabPacketSocket, _ name: PortName, until number: UInt32?) throws -> [Frame] {
        var frames: [Frame] = []
        while true {
            guard let frame = try socket.receive() else {
                guard let number else { return frames }
                guard try socket.wait(milliseconds: 5000) else {
                    throw LabError("sentinel \(number) didn't arrive at the VM at \(name)")
                }
                continue
            }
            guard frame.etherType == Self.sentinelType else {
                frames.append(frame)
                continue
            }
            if let number, frame == Frame(Self.sentinel(number)) { return frames }
        }
    }

    private static func sentinel(_ number: UInt32) -> [UInt8] {
        Frame(
            destination: .broadcast, source: MACAddress(0x02, 0x5e, 0, 0, 0, 1), etherType: sentinelType,
            payload: (0..<46).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0 % 4))) }
        ).bytes
    }

    // MARK: Building

    private func build() throws {
        for bridge in layout.bridges { try switchSocket.perform(LinkRequest.addBridge("\(bridge.name)")) }
        var cabled: Set<PortName> = []
        for port in layout.ports where !cabled.contains(port.name) {
            switch port.end {
            case .vm:
                try switchSocket.perform(
                    LinkRequest.addVeth(
                        "\(port.name)", peer: "\(port.name)", peerNamespace: vmNamespace.number))
            case .port(let other):
                cabled.insert(other)
                try switchSocket.perform(LinkRequest.addVeth("\(port.name)", peer: "\(other)"))
            }
        }
        indices = try Self.indices(switchSocket)
        // The VMs' ends first: carrier comes with the second end.
        try setUpVMs()
        try setUpSwitch()
        try awaitForwarding()
    }

    private func setUpVMs() throws {
        let vmIndices = try Self.indices(vmSocket)
        var requests: [NetlinkRequest] = []
        for port in layout.ports {
            guard case .vm(let isUp) = port.end, let index = vmIndices[port.name] else { continue }
            requests.append(Self.change(index, port.name, mtu: layout.mtu))
            if isUp { requests.append(LinkRequest.setUp(true, index: index, name: "\(port.name)")) }
        }
        try Self.perform(requests, vmSocket)
    }

    private func setUpSwitch() throws {
        var requests: [NetlinkRequest] = []
        for bridge in layout.bridges {
            let index = indices[bridge.name] ?? 0
            requests.append(Self.withoutSnooping(index, bridge.name))
            requests.append(Self.change(index, bridge.name, address: bridge.address))
            requests.append(LinkRequest.setUp(true, index: index, name: "\(bridge.name)"))
        }
        for port in layout.ports {
            let index = indices[port.name] ?? 0
            requests.append(Self.change(index, port.name, address: port.address, mtu: layout.mtu))
            if let bridge = port.bridge {
                requests.append(LinkRequest.setMaster(indices[bridge] ?? 0, index: index, name: "\(port.name)"))
            }
            if port.isUp { requests.append(LinkRequest.setUp(true, index: index, name: "\(port.name)")) }
        }
        for bridge in layout.bridges {
            requests.append(Self.change(indices[bridge.name] ?? 0, bridge.name, mtu: layout.mtu))
        }
        try Self.perform(requests, switchSocket)
    }

    /// A member forwards once the kernel's link watch, on a thread of its own, has seen the carrier. It tells the bridge of
    /// each change, which makes a member that somebody has disabled in between forward again: no test may meet it.
    private func awaitForwarding() throws {
        let deadline = ThisProcess.monotonicNanoseconds() + 5_000_000_000
        while true {
            let links = try Self.links(switchSocket)
            let waiting = layout.ports.filter { port in
                guard let link = links[port.name] else { return true }
                let hasCarrier = layout.hasCarrier(port)
                return link.hasCarrier != hasCarrier || hasCarrier && !link.isOperational
                    || port.bridge != nil && (link.bridgePort?.state == 3) != (hasCarrier && port.isUp)
            }
            let bridges = layout.bridges.filter { bridge in
                let members = layout.ports.filter { $0.bridge == bridge.name }
                guard let link = links[bridge.name] else { return true }
                let hasCarrier = members.contains(where: layout.hasCarrier)
                return link.hasCarrier != hasCarrier || hasCarrier && !link.isOperational
            }
            if waiting.isEmpty, bridges.isEmpty { return }
            guard ThisProcess.monotonicNanoseconds() < deadline else {
                let names = (waiting.map(\.name) + bridges.map(\.name)).map(\.description)
                throw LabError("these ports don't come up: \(names.joined(separator: ", "))")
            }
            sched_yield()
        }
    }

    private func openVMs() throws {
        let vmIndices = try Self.indices(vmSocket)
        try vmNamespace.enter()
        for port in layout.ports where port.hasVM {
            vms[port.name] = try LabPacketSocket(index: vmIndices[port.name] ?? 0, name: "\(port.name)")
        }
        try switchNamespace.enter()
    }

    // MARK: Netlink

    /// An interface as this lab looks at it.
    private struct LabLink {
        var index: Int32
        var hasCarrier: Bool
        var bridgePort: BridgePort?
        /// `IFLA_OPERSTATE` is `IF_OPER_UP` (linux/if.h), which the link watch sets.
        var isOperational: Bool
    }

    private static func links(_ socket: NetlinkSocket) throws -> [PortName: LabLink] {
        var links: [PortName: LabLink] = [:]
        for message in try socket.dump(LinkRequest.dump()) {
            let link = try Link(message)
            var reader = PayloadReader(message.payload)
            try reader.skip(16)
            links[try PortName(link.name)] = LabLink(
                index: link.index, hasCarrier: link.hasCarrier, bridgePort: link.bridgePort,
                isOperational: reader.attributes[16]?.integer(UInt8.self) == 6)
        }
        return links
    }

    static func indices(_ socket: NetlinkSocket) throws -> [PortName: Int32] {
        try links(socket).mapValues(\.index)
    }

    static func perform(_ requests: [NetlinkRequest], _ socket: NetlinkSocket) throws {
        for outcome in try socket.perform(requests) { _ = try outcome.get() }
    }

    /// `ip link set dev … address … mtu …` (`RTM_NEWLINK` with `IFLA_ADDRESS` and `IFLA_MTU`, linux/if_link.h).
    static func change(
        _ index: Int32, _ name: PortName, address: MACAddress? = nil, mtu: UInt32? = nil
    ) -> NetlinkRequest {
        var writer = header(index)
        if let address { writer.attribute(1, bytes: address.bytes) }
        if let mtu { writer.attribute(4, mtu) }
        return NetlinkRequest(type: 16, payload: writer, operation: "change the interface", object: "\(name)")
    }

    /// `ip link set dev … type bridge mcast_snooping 0` (`IFLA_BR_MCAST_SNOOPING`).
    private static func withoutSnooping(_ index: Int32, _ name: PortName) -> NetlinkRequest {
        var writer = header(index)
        writer.nest(18) { info in
            info.attribute(1, string: "bridge")
            info.nest(2) { $0.attribute(23, UInt8(0)) }
        }
        return NetlinkRequest(
            type: 16, payload: writer, operation: "switch off multicast snooping of", object: "\(name)")
    }

    /// `struct ifinfomsg` that changes no flag.
    private static func header(_ index: Int32) -> PayloadWriter {
        var writer = PayloadWriter()
        writer.append(UInt32(0))
        writer.append(index)
        writer.append(UInt64(0))
        return writer
    }

    /// Leaves nothing in the calling thread's namespace that sends, or drops, frames by itself: no neighbour discovery and
    /// multicast reports, and no iptables between a bridge's members, which drops IP packets with a wrong checksum
    /// (br_netfilter). The files below /proc/sys/net are those of the calling thread's namespace.
    static func quieten() throws {
        let settings = [
            ("ipv6/conf/all/disable_ipv6", "1"), ("ipv6/conf/default/disable_ipv6", "1"),
            ("bridge/bridge-nf-call-arptables", "0"), ("bridge/bridge-nf-call-ip6tables", "0"),
            ("bridge/bridge-nf-call-iptables", "0"),
        ]
        for (name, value) in settings {
            let path = "/proc/sys/net/\(name)"
            // What the kernel doesn't have is quiet already.
            guard access(path, F_OK) == 0 else { continue }
            try Descriptor.open(path, flags: O_WRONLY).write([UInt8](value.utf8))
        }
    }
}

/// What a lab needs of the machine.
public enum LabRequirement {
    /// Why there can't be a lab here; nil if there can.
    public static let missing: String? = {
        do {
            return try OwnThread.run {
                guard ThisProcess.has(.netRaw) else { return "CAP_NET_RAW is missing" }
                try NetworkNamespace.makeOwn()
                return nil
            }
        } catch {
            return "\(error)"
        }
    }()

    /// Whether a missing privilege is a failure: continuous integration is to have it.
    public static var isMandatory: Bool { Environment.current()["CI"] != nil }
}
