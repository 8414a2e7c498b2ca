import MirrorModel
import RouteNetlink

/// How this tool knows its own objects in the kernel, with no file that could go stale.
enum Mark {
    /// The first byte of the cookie on each mirred action; the mirror's name follows. It can't begin any UTF-8 text.
    private static let cookieByte: UInt8 = 0xf7

    /// The number of an empty chain on the ingress of each clsact qdisc that this tool made ("PM").
    static let chain: UInt32 = 0x504d

    static func cookie(for mirror: MirrorName) -> [UInt8] { [cookieByte] + mirror.description.utf8 }

    /// The mirror whose filter it is; nil if it isn't this tool's.
    static func mirror(of filter: Filter) -> MirrorName? {
        guard filter.chain == 0, let first = filter.actions.first else { return nil }
        return mirror(ofCookie: first.cookie)
    }

    /// The mirror that a cookie names; nil if it isn't this tool's.
    static func mirror(ofCookie cookie: [UInt8]) -> MirrorName? {
        guard cookie.first == cookieByte else { return nil }
        return try? MirrorName(String(decoding: cookie.dropFirst(), as: UTF8.self))
    }
}
