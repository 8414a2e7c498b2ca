@testable import Netlink

/// The messages of a captured datagram.
func messages(_ datagram: [UInt8]) throws -> [NetlinkMessage] { try NetlinkMessage.parse(datagram[...]) }

/// A message made by hand.
func message(_ type: UInt16, payload: [UInt8]) -> NetlinkMessage {
    NetlinkMessage(type: type, flags: 0, sequence: 1, portID: 0, payload: payload[...])
}

/// A message's attributes as a tree in which order, padding and the flag "nested" make no difference: these are what
/// this program and `ip` or `tc` may do in their own way.
struct Content: Hashable, CustomStringConvertible {
    var type: UInt16
    var bytes: [UInt8]
    var parts: [Content]?

    var description: String {
        let value = parts.map { "[\($0.map(\.description).joined(separator: ", "))]" } ?? "\(bytes)"
        return "\(type): \(value)"
    }

    /// nil if the bytes are no attributes from end to end.
    static func list(_ bytes: ArraySlice<UInt8>) -> [Content]? {
        var size = 0
        var list: [Content] = []
        for attribute in Attributes(bytes) {
            size += (attribute.bytes.count + 7) & ~3
            let parts = attribute.bytes.isEmpty ? nil : Content.list(attribute.bytes)
            list.append(Content(type: attribute.type, bytes: parts == nil ? Array(attribute.bytes) : [], parts: parts))
        }
        guard size == (bytes.count + 3) & ~3 else { return nil }
        return list.sorted { ($0.type, "\($0)") < ($1.type, "\($1)") }
    }
}

/// A request in parts that can be compared: type, flags, the fixed header, and the attributes.
struct RequestContent: Hashable {
    var type: UInt16
    var flags: UInt16
    var header: [UInt8]
    var attributes: [Content]?

    init?(_ bytes: [UInt8]) {
        guard let message = try? NetlinkMessage.parse(bytes[...]).first else { return nil }
        // linux/rtnetlink.h: ifinfomsg and tcmsg, tcamsg, ifaddrmsg, rtmsg.
        let size =
            switch message.type {
            case 16...19: 16
            case 20...23: 8
            case 24...26: 12
            case 48...50: 4
            default: 20
            }
        type = message.type
        flags = message.flags
        header = Array(message.payload.prefix(size))
        attributes = Content.list(message.payload.dropFirst(size))
    }
}
