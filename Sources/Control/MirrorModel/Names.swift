/// A mirror's name: 1 to 15 bytes of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit.
///
/// The length is that of an interface name: with one byte of mark it fits the 16 bytes of a tc action cookie
/// (`TC_COOKIE_MAX_SIZE`, linux/pkt_cls.h), so the kernel itself remembers whose each filter is.
public struct MirrorName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most bytes that a name may have.
    public static let maximumLength = 15

    /// The name itself.
    public let description: String

    /// - Throws: ``NameError`` saying which rule the text breaks.
    public init(_ text: String) throws(NameError) {
        guard let first = text.utf8.first else { throw NameError(name: text, problem: "it is empty") }
        guard text.utf8.count <= Self.maximumLength else {
            throw NameError(
                name: text, problem: "it has \(text.utf8.count) bytes; the limit is \(Self.maximumLength)")
        }
        guard first.isASCIILetter || first.isASCIIDigit else {
            throw NameError(name: text, problem: "it has to begin with a letter or digit")
        }
        for character in text where !Self.isAllowed(character) {
            throw NameError(name: text, problem: "'\(character)' isn't one of A-Z a-z 0-9 . _ -")
        }
        description = text
    }

    /// By name.
    public static func < (left: MirrorName, right: MirrorName) -> Bool { left.description < right.description }

    private static func isAllowed(_ character: Character) -> Bool {
        guard let byte = character.asciiValue, character.utf8.count == 1 else { return false }
        return byte.isASCIILetter || byte.isASCIIDigit || character == "." || character == "_" || character == "-"
    }
}

/// A network interface's name or altname: 1 to 127 bytes without `/` and white space, and neither `.` nor `..`
/// (`dev_valid_name` in the kernel's net/core/dev.c). A colon is let through: altnames may have it.
public struct PortName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The most bytes that an interface's own name may have: `IFNAMSIZ` − 1 of linux/if.h.
    public static let maximumOwnLength = 15
    /// The most bytes that a name may have: `ALTIFNAMSIZ` − 1 of linux/netdevice.h.
    public static let maximumLength = 127

    /// The name itself.
    public let description: String

    /// The name of an interface itself, which is shorter than an altname may be.
    /// - Throws: ``NameError`` saying which rule the text breaks.
    public static func ofInterface(_ text: String) throws(NameError) -> PortName {
        guard text.utf8.count <= maximumOwnLength else {
            throw NameError(
                name: text,
                problem: "it has \(text.utf8.count) bytes; an interface name has at most \(maximumOwnLength)")
        }
        return try PortName(text)
    }

    /// - Throws: ``NameError`` saying which rule the text breaks.
    public init(_ text: String) throws(NameError) {
        guard !text.isEmpty else { throw NameError(name: text, problem: "it is empty") }
        guard text.utf8.count <= Self.maximumLength else {
            throw NameError(
                name: text,
                problem: "it has \(text.utf8.count) bytes; an interface name has at most \(Self.maximumOwnLength), an "
                    + "altname \(Self.maximumLength)")
        }
        guard text != ".", text != ".." else { throw NameError(name: text, problem: "the kernel reserves it") }
        for byte in text.utf8 where byte == UInt8(ascii: "/") || byte <= 0x20 || byte == 0x7f {
            throw NameError(name: text, problem: "an interface name has no '/', white space or control characters")
        }
        description = text
    }

    /// Whether it stands for all interfaces: `any`, as tcpdump has it. Only logs know that.
    public var isAny: Bool { description == "any" }

    /// By name.
    public static func < (left: PortName, right: PortName) -> Bool { left.description < right.description }
}

extension PortName {
    /// Byte by byte, as the kernel has it: to Swift, two ways of writing é are one text.
    public static func == (left: PortName, right: PortName) -> Bool {
        left.description == right.description && left.description.utf8.elementsEqual(right.description.utf8)
    }
}

/// A name that can't be one, and why.
public struct NameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The text as it was given.
    public let name: String
    /// The rule that it breaks, in words.
    public let problem: String
    /// What it was to be, such as "a name".
    public let kind: String

    public init(name: String, problem: String, kind: String = "a name") {
        self.name = name
        self.problem = problem
        self.kind = kind
    }

    /// All of it, for people.
    public var description: String { "'\(name)' can't be \(kind): \(problem)" }
}
