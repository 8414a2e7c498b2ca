/// An engine, which realises mirrors, by the name that definitions have for it.
public struct EngineName: RawRepresentable, Codable, Hashable, Sendable, CustomStringConvertible {
    /// As files and the command line have it.
    public let rawValue: String

    /// Of any word; ``words`` has those that a definition may say.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Open vSwitch's own mirrors.
    public static let ovs = EngineName(rawValue: "ovs")
    /// The kernel's traffic control.
    public static let tc = EngineName(rawValue: "tc")
    /// A process of this program, `portmirror run`: packet sockets.
    public static let tap = EngineName(rawValue: "tap")

    /// The word for whichever engine can do all that a mirror asks.
    public static let anyWord = "auto"
    /// What a definition may say of its engine.
    public static let words = [anyWord] + [ovs, tc, tap].map(\.rawValue)

    /// What a definition's word says: nil for ``anyWord``.
    public init?(word: String) {
        guard word != Self.anyWord else { return nil }
        self.init(rawValue: word)
    }

    /// For messages.
    public var description: String { rawValue }
}
