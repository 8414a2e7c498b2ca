import MirrorModel
import MirrorPlan
import Netlink
import RouteNetlink

/// Tells apart u32 filters of the two hooks of a clsact qdisc that have the same preference: each hook's dump lists
/// both hooks'. By hand that is the usual case, since both get 49152 where none is said.
struct HashTables {
    let socket: NetlinkSocket
    let port: ResolvedPort

    /// The same lists, each without what is the other hook's.
    func toldApart(_ filters: [Hook: [Filter?]]) -> [Hook: [Filter?]] {
        var own = filters
        for (hook, list) in filters {
            let other: Hook = hook == .ingress ? .egress : .ingress
            let shared = Set(list.compactMap(Self.preference))
                .intersection((filters[other] ?? []).compactMap(Self.preference))
            let tables = Set(shared.compactMap { root(of: other, $0) })
            guard !tables.isEmpty else { continue }
            own[hook] = list.filter { filter in
                filter.map { $0.kind != "u32" || !tables.contains($0.handle & Self.mask) } ?? true
            }
        }
        return own
    }

    /// The root table of a hook's u32 filters at a preference; nil if it has none, or the kernel doesn't tell.
    func root(of hook: Hook, _ place: Place) -> UInt32? {
        let request = FilterRequest.rootTable(
            parent: hook.tc.parent, preference: place.preference, protocol: place.etherType, index: port.index,
            object: "\(port) \(hook)")
        guard let message = try? socket.perform(request).messages.first, let table = try? Filter(message) else {
            return nil
        }
        return table.handle & Self.mask
    }

    /// A preference binds one protocol.
    struct Place: Hashable {
        let preference: UInt16
        let etherType: UInt16
    }

    /// The part of a handle that is its table's.
    static let mask: UInt32 = 0xfff0_0000

    private static func preference(_ filter: Filter?) -> Place? {
        guard let filter, filter.kind == "u32" else { return nil }
        return Place(preference: filter.preference, etherType: filter.etherType)
    }
}
