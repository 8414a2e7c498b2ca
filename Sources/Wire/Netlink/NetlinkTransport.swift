internal import CLinux
public import LinuxSystem

/// Datagrams to the kernel and back. The kernel's own is a socket; a test may have one that answers from a script.
public protocol NetlinkTransport: AnyObject {
    /// Sends a datagram of requests.
    func send(_ datagram: [UInt8]) throws(Errno)

    /// The next datagram from the kernel; waits for it.
    /// - Throws: `EAGAIN` if none came in time, `ENOBUFS` if some were lost.
    func receive() throws(Errno) -> [UInt8]

    /// Begins anew, so that no answer to what was asked before comes any more.
    func reopen() throws(Errno)
}

/// A socket of one family in one network namespace.
final class KernelTransport: NetlinkTransport {
    private let family: NetlinkSocket.Family
    private let namespace: NetworkNamespace
    private var descriptor: Descriptor

    init(_ family: NetlinkSocket.Family, in namespace: NetworkNamespace) throws(Errno) {
        self.family = family
        self.namespace = namespace
        descriptor = try Self.open(family, in: namespace, timeout: 30, receiveBuffer: 4 << 20)
    }

    /// - Parameters:
    ///   - timeout: seconds to wait for an answer; 0 for ever.
    ///   - receiveBuffer: bytes that may wait to be read.
    static func open(
        _ family: NetlinkSocket.Family, in namespace: NetworkNamespace, timeout: Int32, receiveBuffer: Int32
    ) throws(Errno) -> Descriptor {
        let number: Int32
        do {
            number = try namespace.inside {
                var refused: UInt32 = 0
                return unsafe clinux_netlink_open(family.rawValue, timeout, receiveBuffer, &refused)
            }
        } catch {
            throw (error as? SystemError)?.errno ?? .invalid
        }
        guard number >= 0 else { throw Errno(-number) }
        return Descriptor(owning: number)
    }

    func send(_ datagram: [UInt8]) throws(Errno) {
        let sent = unsafe datagram.withUnsafeBytes {
            unsafe clinux_netlink_send(descriptor.number, $0.baseAddress, $0.count)
        }
        guard sent >= 0 else { throw Errno(Int32(-sent)) }
        guard sent == datagram.count else { throw .tooLong }
    }

    func receive() throws(Errno) -> [UInt8] {
        // The kernel sizes a dump's next datagram by the largest buffer offered so far, up to 32 KiB.
        while true { if let datagram = try descriptor.receiveNetlink(atLeast: 32768) { return datagram } }
    }

    func reopen() throws(Errno) {
        descriptor = try Self.open(family, in: namespace, timeout: 30, receiveBuffer: 4 << 20)
    }
}

extension Descriptor {
    /// The next datagram of a netlink socket; nil if it wasn't the kernel that sent it: nobody else is believed.
    borrowing func receiveNetlink(atLeast least: Int) throws(Errno) -> [UInt8]? {
        let size = clinux_netlink_peek(number)
        guard size >= 0 else { throw Errno(Int32(-size)) }
        let capacity = max(size, least)
        var sender: UInt32 = 0
        var received = 0
        let number = number
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            received = unsafe clinux_netlink_receive(number, buffer.baseAddress, capacity, &sender)
            count = min(max(received, 0), capacity)
        }
        guard received >= 0 else { throw Errno(Int32(-received)) }
        guard received <= capacity else { throw .tooLong }
        return sender == 0 ? bytes : nil
    }
}
