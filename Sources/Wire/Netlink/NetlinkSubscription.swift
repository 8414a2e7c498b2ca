internal import CLinux
public import LinuxSystem

/// What a netlink family tells everybody.
public protocol NetlinkNotifications: AnyObject {
    /// To wait on together with others; readable when ``next(milliseconds:)`` would not wait.
    var number: Int32 { get }

    /// The next notifications: those that the kernel sent in one datagram.
    /// - Parameter milliseconds: how long to wait for them; −1 for ever.
    /// - Returns: nil if nothing came in time.
    /// - Throws: ``NetlinkError`` with code `overflow` if some were lost: what is known is out of date then, and has to
    ///   be dumped again. It goes on.
    func next(milliseconds: Int32) throws(NetlinkError) -> [NetlinkMessage]?
}

/// A socket that hears what a netlink family tells everybody in a network namespace.
///
/// It sends nothing: requests go through a ``NetlinkSocket``, since answers and notifications on one socket crowd
/// each other out.
public final class NetlinkSubscription: NetlinkNotifications {
    private let descriptor: Descriptor
    private let groups: [UInt32]

    /// - Parameters:
    ///   - groups: multicast groups by number, such as `RTNLGRP_LINK` (linux/rtnetlink.h).
    ///   - receiveBuffer: bytes that may wait to be read; what comes while it is full is lost, and told as overflow.
    /// - Throws: ``NetlinkError`` if the kernel has no such family or group.
    public init(
        _ family: NetlinkSocket.Family, groups: [UInt32], in namespace: NetworkNamespace, receiveBuffer: Int32 = 4 << 20
    ) throws(NetlinkError) {
        self.groups = groups
        do throws(Errno) {
            descriptor = try KernelTransport.open(family, in: namespace, timeout: 0, receiveBuffer: receiveBuffer)
        } catch {
            throw NetlinkError(.errno(error), operation: "open a netlink socket", object: "")
        }
        for group in groups {
            let code = clinux_netlink_join(descriptor.number, group)
            guard code >= 0 else {
                throw NetlinkError(
                    .errno(Errno(-code)), operation: "listen to notifications", object: "group \(group)")
            }
        }
    }

    /// The socket's descriptor.
    public var number: Int32 { descriptor.number }

    /// The next notifications that the kernel sent in one datagram, as the protocol says.
    public func next(milliseconds: Int32 = -1) throws(NetlinkError) -> [NetlinkMessage]? {
        while true {
            do throws(SystemError) {
                guard try descriptor.waitReadable(milliseconds: milliseconds) else { return nil }
            } catch {
                throw failure(.errno(error.errno))
            }
            let datagram: [UInt8]?
            do throws(Errno) { datagram = try descriptor.receiveNetlink(atLeast: 1) } catch { throw failure(error) }
            guard let datagram else { continue }
            do throws(MalformedBytes) {
                return try NetlinkMessage.parse(datagram[...])
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
