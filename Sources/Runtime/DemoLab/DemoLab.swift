internal import LinuxSystem
internal import MirrorEngine
internal import Netlink
internal import Notation
internal import RouteNetlink

/// A bridge in this thread's namespace, and three VMs in namespaces of their own.
public struct DemoLab {
    private let machines: [NetworkNamespace]
    /// nil on a Linux bridge.
    public let openVSwitch: DemoSwitch?

    /// - Parameters:
    ///   - switchDirectory: where an Open vSwitch of its own lives; nil for a Linux bridge.
    ///   - path: where its programs are looked for (`PATH`).
    /// - Throws: what the kernel has against it, or ``UserError`` without an Open vSwitch.
    public init(switchDirectory: String?, path: String) throws {
        // A kernel without IPv6 has nothing to switch off, and with it there is just more to count.
        try? NetworkNamespace.disableIPv6()
        let socket = try NetlinkSocket(.route, in: .current())
        openVSwitch = try switchDirectory.map { try DemoSwitch(directory: $0, path: path) }
        var bridge: Int32?
        if openVSwitch == nil {
            try socket.perform(LinkRequest.addBridge("br0"))
            let index = try Self.index(of: "br0", socket)
            try socket.perform(LinkRequest.setUp(true, index: index, name: "br0"))
            bridge = index
        }
        var machines: [NetworkNamespace] = []
        for number in 0..<3 {
            let machine = try NetworkNamespace.make()
            try machine.inside { try? NetworkNamespace.disableIPv6() }
            let name = "vnet\(number)"
            try socket.perform(
                LinkRequest.addVeth(name, peer: "eth0", peerNamespace: machine.number))
            let index = try Self.index(of: name, socket)
            if let bridge { try socket.perform(LinkRequest.setMaster(bridge, index: index, name: name)) }
            try socket.perform(LinkRequest.setUp(true, index: index, name: name))
            machines.append(machine)
        }
        self.machines = machines
        try openVSwitch?.makeBridge("br0", ports: ["vnet0", "vnet1", "vnet2"])
        for number in 0..<3 {
            let inner = try NetlinkSocket(.route, in: machines[number])
            let index = try Self.index(of: "eth0", inner)
            try inner.perform(LinkRequest.setUp(true, index: index, name: "eth0"))
            let address: [UInt8] = [10, 77, 0, UInt8(number + 1)]
            try inner.perform(AddressRequest.add(address, prefixLength: 24, index: index, name: "eth0"))
        }
    }

    /// alice pings bob.
    /// - Throws: ``UserError`` if there is no ping, or no answer.
    public func ping(count: Int) throws {
        let pipe = try Descriptor.pipe()
        var child: ChildProcess
        do throws(SystemError) {
            child = try ChildProcess(
                tied: ["ping", "-n", "-q", "-c", "\(count)", "-i", "0.2", "-W", "2", "10.77.0.2"],
                output: pipe.writing.number, error: pipe.writing.number, in: machines[0])
        } catch {
            guard error.errno == .noEntry else { throw error }
            throw UserError("there is no ping on this machine", advice: "apt-get install iputils-ping")
        }
        guard child.wait() == 0 else {
            let said = String(decoding: try pipe.reading.read(upTo: 4096), as: UTF8.self)
            throw UserError("alice gets no answer from bob, which the demo can't explain: \(said)")
        }
    }

    /// What tcpdump sees at the sensor while something happens; empty if there is no tcpdump.
    public func witness(packets: Int, _ body: () throws -> Void) throws -> [String] {
        let output = try Descriptor.pipe()
        let remarks = try Descriptor.pipe()
        var child: ChildProcess
        do throws(SystemError) {
            child = try ChildProcess(
                tied: [
                    "tcpdump", "-l", "-n", "-q", "-t", "--immediate-mode", "-Z", "root", "-i", "eth0", "-c",
                    "\(packets)", "icmp",
                ], output: output.writing.number, error: remarks.writing.number, in: machines[2])
        } catch {
            guard error.errno == .noEntry else { throw error }
            try body()
            return []
        }
        var said = ""
        while !said.contains(text: "listening on") {
            guard try remarks.reading.waitReadable(milliseconds: 10_000) else {
                throw UserError("tcpdump doesn't start: \(said)")
            }
            said += String(decoding: try remarks.reading.read(upTo: 4096), as: UTF8.self)
        }
        try body()
        var text = ""
        while text.split(separator: "\n").count < packets, try output.reading.waitReadable(milliseconds: 3000) {
            text += String(decoding: try output.reading.read(upTo: 65536), as: UTF8.self)
        }
        child.terminate()
        return text.split(separator: "\n").map(String.init)
    }

    private static func index(of name: String, _ socket: NetlinkSocket) throws -> Int32 {
        guard let message = try socket.perform(LinkRequest.get(name: name)).messages.first else {
            throw UserError("the kernel doesn't know \(name), which it just made")
        }
        return try Link(message).index
    }
}
