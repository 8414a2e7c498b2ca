import EthtoolNetlink
import LinuxSystem
import MirrorModel
import MirrorPlan
import Netlink

/// The outputs' offload settings, through ethtool's netlink family.
final class Offloads {
    private let socket: NetlinkSocket
    private let family: UInt16

    /// - Throws: ``NetlinkError``: `ENOENT` on kernels before 5.6, which don't have the family.
    init(_ socket: NetlinkSocket) throws(NetlinkError) {
        self.socket = socket
        let request = EthtoolRequest.family()
        guard let number = try socket.perform(request).messages.first.flatMap(EthtoolRequest.familyNumber) else {
            throw NetlinkError(.malformed, operation: request.operation, object: "")
        }
        family = number
    }

    /// By port index; a port that has gone, or has no such settings, is left out.
    func read(_ ports: [ResolvedPort]) throws(NetlinkError) -> [Int32: OffloadState] {
        let requests = ports.map {
            EthtoolRequest.features(family: family, index: $0.index, name: $0.name.description)
        }
        var states: [Int32: OffloadState] = [:]
        for (port, outcome) in zip(ports, try socket.perform(requests)) {
            if case .failure(let error) = outcome, error.errno != .noDevice, error.errno != .notSupported {
                throw error
            }
            guard case .success(let reply) = outcome, let message = reply.messages.first else { continue }
            let features = DeviceFeatures(message)
            states[port.index] = OffloadState(
                active: features.active, wanted: features.wanted, changeable: features.changeable,
                fixed: features.fixed)
        }
        return states
    }

    func set(_ features: Set<String>, on isOn: Bool, port: ResolvedPort) throws(NetlinkError) {
        let values = Dictionary(uniqueKeysWithValues: features.map { ($0, isOn) })
        try socket.perform(
            EthtoolRequest.setFeatures(values, family: family, index: port.index, name: port.name.description))
    }
}
