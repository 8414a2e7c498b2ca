import Glibc
import LinuxSystem

/// A TCP transfer between two hosts of a lab, of a known number of bytes.
public enum Transfer {
    private static let port: UInt16 = 5201
    private static let paced: Int32 = 47  // SO_MAX_PACING_RATE of asm-generic/socket.h

    /// Sends bytes from one host to another and checks that they arrive in order.
    /// - Parameters:
    ///   - bytesPerSecond: a pace that the receiving ends' queues (net.core.netdev_max_backlog) stand; nil for none.
    ///   - isIPv6: over the addresses of ``CommandLab/enableIPv6()``.
    /// - Returns: the seconds that it took.
    @discardableResult
    public static func run(
        _ lab: CommandLab, from client: Int, to server: Int, bytes: Int, bytesPerSecond: UInt32? = 60_000_000,
        isIPv6: Bool = false
    ) throws -> Double {
        let listener = try socket(in: lab.host(server), isIPv6)
        let address = isIPv6 ? address6(of: server) : address(of: server)
        // The port of a transfer before this one may still be in TIME_WAIT.
        var reuses: Int32 = 1
        try call("reuse the port") { setsockopt(listener.number, SOL_SOCKET, SO_REUSEADDR, &reuses, 4) }
        try call("bind") { address.with { bind(listener.number, $0, $1) } }
        try call("listen") { listen(listener.number, 1) }
        let sender = try socket(in: lab.host(client), isIPv6)
        if var rate = bytesPerSecond {
            try call("pace") { setsockopt(sender.number, SOL_SOCKET, paced, &rate, 4) }
        }
        try call("connect") { address.with { connect(sender.number, $0, $1) } }
        let accepted = accept(listener.number, nil, nil)
        guard accepted >= 0 else { throw LabError("can't accept: \(String(cString: strerror(errno)))") }
        let receiver = Descriptor(owning: accepted)
        let began = Deadline.now()
        try pump(sender, receiver, bytes)
        return Deadline.now() - began
    }

    /// The byte at a place of what is sent.
    public static func byte(at offset: Int) -> UInt8 { UInt8(offset % 251) }

    /// The port that is connected to.
    public static let serverPort = port

    private static func address(of server: Int) -> SocketAddress {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(10 << 24 | server).bigEndian
        return SocketAddress(address)
    }

    private static func address6(of server: Int) -> SocketAddress {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) {
            $0[0] = 0xfd
            $0[15] = UInt8(server)
        }
        return SocketAddress(address)
    }

    /// Both ends on one thread, neither waiting for the other.
    private static func pump(
        _ sender: borrowing Descriptor, _ receiver: borrowing Descriptor, _ total: Int
    ) throws {
        // 251 is prime: no period of it falls on a frame's or a buffer's.
        let pattern = (0..<(251 * 1024)).map { UInt8($0 % 251) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var sent = 0
        var received = 0
        let end = Deadline.now() + 30
        while received < total {
            guard Deadline.now() < end else { throw LabError("the transfer stands at \(received) of \(total) bytes") }
            var entries = [pollfd(fd: receiver.number, events: Int16(POLLIN), revents: 0)]
            if sent < total { entries.append(pollfd(fd: sender.number, events: Int16(POLLOUT), revents: 0)) }
            poll(&entries, nfds_t(entries.count), 1000)
            if entries.count > 1, entries[1].revents != 0 {
                let offset = sent % 251
                let count = pattern.withUnsafeBytes {
                    send(
                        sender.number, $0.baseAddress.map { $0 + offset }, min(total - sent, pattern.count - offset),
                        Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
                }
                if count > 0 { sent += count }
            }
            let count = recv(receiver.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count != 0 else { throw LabError("the transfer broke off at \(received) bytes") }
            for index in stride(from: 0, to: max(count, 0), by: 97)
            where buffer[index] != UInt8((received + index) % 251) {
                throw LabError("byte \(received + index) of the transfer is wrong")
            }
            received += max(count, 0)
        }
    }

    private static func socket(in namespace: String, _ isIPv6: Bool) throws -> Descriptor {
        let number = try OwnThread.run {
            try NetworkNamespace(path: "/run/netns/\(namespace)").enter()
            return Glibc.socket(
                isIPv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        guard number >= 0 else { throw LabError("can't open a TCP socket in \(namespace)") }
        return Descriptor(owning: number)
    }

    private static func call(_ name: String, _ body: () -> Int32) throws {
        guard body() == 0 else { throw LabError("can't \(name): \(String(cString: strerror(errno)))") }
    }
}

/// An address of either family, as system calls take it.
private struct SocketAddress {
    private let bytes: [UInt8]

    init<Address>(_ address: Address) { bytes = withUnsafeBytes(of: address) { Array($0) } }

    func with(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        bytes.withUnsafeBytes { raw in
            guard let first = raw.baseAddress else { preconditionFailure("an address has bytes") }
            return body(first.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
    }
}

extension CommandLab {
    /// Gives each host the address fd00::N, with static neighbours: still nothing is sent that a test doesn't send.
    public func enableIPv6() throws {
        for number in 1...hosts {
            var script = """
                ip link set eth0 addrgenmode none; echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6
                ip -6 address add fd00::\(number)/64 dev eth0 nodad

                """
            for other in 1...hosts where other != number {
                script += "ip -6 neigh replace fd00::\(other) lladdr 02:00:00:00:00:0\(other) dev eth0 nud permanent\n"
            }
            try sh(script, in: host(number))
        }
    }
}
