internal import LinuxSystem
internal import MirrorEngine
public import MirrorModel
internal import Netlink
internal import RouteNetlink

extension TapConfiguration {
    /// What libpcap takes for the first interface: one that is up and isn't the loopback.
    /// - Throws: ``UserError`` if there is none.
    public static func firstPort() throws -> PortName {
        let links = try NetlinkSocket(.route, in: .current()).dump(LinkRequest.dump()).compactMap { try? Link($0) }
        guard let link = links.filter({ $0.isUp && !$0.isLoopback }).min(by: { $0.index < $1.index }) else {
            throw UserError("no interface is up", advice: "say which one: -i PORT")
        }
        return try PortName(link.name)
    }
}
