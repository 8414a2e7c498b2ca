/// A JSON value as a tree (RFC 8259), for what is small: rows are decoded without one.
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number without fraction and exponent that fits (RFC 7047, section 3.1: integers have 64 bits).
    case integer(Int64)
    /// Any other number.
    case real(Double)
    /// Text.
    case string(String)
    /// Values in order.
    case array([JSONValue])
    /// Values by name.
    case object([String: JSONValue])

    /// The text, if it is one.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The number, if it is an integer.
    public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    /// The truth value, if it is one.
    public var boolean: Bool? { if case .boolean(let flag) = self { flag } else { nil } }
    /// The elements, if it is an array.
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    /// The members, if it is an object.
    public var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }
    /// An object's member.
    public subscript(_ name: String) -> JSONValue? { object?[name] }
}
