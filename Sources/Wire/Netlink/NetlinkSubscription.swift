internal import CLinux
internal import LinuxSystem

/// A socket that hears what a netlink family tells everybody, in the network namespace of the thread that opened it.
///
/// It sends nothing: requests go through a ``NetlinkSocket``, since answers and notifications on one socket crowd
/// each other out.
public final class NetlinkSubscription {
    private let descriptor: Descriptor
    private let groups: [UInt32]

    /// - Parameters:
    ///   - groups: multicast groups by number, such as `RTNLGRP_LINK` (linux/rtnetlink.h).
    ///   - receiveBuffer: bytes that may wait to be read; what comes while it is full is lost, and told as overflow.
    /// - Throws: ``NetlinkError`` if the kernel has no such family or group.
    public init(_ family: NetlinkSocket.Family, groups: [UInt32], receiveBuffer: Int32 = 4 << 20)
        throws(NetlinkError)
    {
        self.groups = groups
        var refused: UInt32 = 0
        let number = unsafe clinux_netlink_open(family.rawValue, 0, receiveBuffer, &refused)
        guard number >= 0 else {
            throw NetlinkError(.errno(Errno(-number)), operation: "open a netlink socket", object: "")
        }
        descriptor = Descriptor(owning: number)
        for group in groups {
            let code = clinux_netlink_join(number, group)
            guard code >= 0 else {
                throw NetlinkError(
                    .errno(Errno(-code)), operation: "listen to notifications", object: "group \(group)")
            }
        }
    }

    /// The descriptor, to wait on together with others; readable when ``next(milliseconds:)`` would not wait.
    public var number: Int32 { descriptor.number }

    /// The next notifications: those that the kernel sent in one datagram.
    /// - Parameter milliseconds: how long to wait for them; −1 for ever.
    /// - Returns: nil if nothing came in time.
    /// - Throws: ``NetlinkError`` with code `overflow` if some were lost: what is known is out of date then, and has to
    ///   be dumped again. The subscription goes on.
    public func next(milliseconds: Int32 = -1) throws(NetlinkError) -> [NetlinkMessage]? {
        while true {
            do throws(SystemError) {
                guard try descriptor.waitReadable(milliseconds: milliseconds) else { return nil }
            } catch {
                throw failure(.errno(error.errno))
            }
            let size = clinux_netlink_peek(descriptor.number)
            guard size >= 0 else { throw failure(Errno(Int32(-size))) }
            var sender: UInt32 = 0
            var received = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(size, 1)) { buffer, count in
                received = unsafe clinux_netlink_receive(descriptor.number, buffer.baseAddress, size, &sender)
                count = min(max(received, 0), size)
            }
            guard received >= 0 else { throw failure(Errno(Int32(-received))) }
            // Only the kernel is believed.
            guard sender == 0 else { continue }
            do throws(MalformedBytes) {
                return try NetlinkMessage.parse(bytes[...])
            } catch {
                throw NetlinkError(
                    .malformed, operation: "read notifications", object: "", kernelMessage: error.description)
            }
        }
    }

    private func failure(_ errno: Errno) -> NetlinkError {
        failure(errno == .noBuffers ? .overflow : .errno(errno))
    }

    private func failure(_ code: NetlinkError.Code) -> NetlinkError {
        NetlinkError(code, operation: "read notifications", object: "groups \(groups)")
    }
}
