/// What has been encoded so far. A class, since containers are values that write to the same place.
final class EncodedNode {
    enum Content {
        /// As it is written.
        case text(String)
        case string(String)
        case array([EncodedNode])
        case object([String: EncodedNode])
    }

    var content = Content.object([:])

    /// A new element.
    func append() -> EncodedNode {
        let node = EncodedNode()
        var elements: [EncodedNode] = []
        if case .array(let earlier) = content { elements = earlier }
        content = .array([])  // so that the elements aren't copied
        elements.append(node)
        content = .array(elements)
        return node
    }

    /// A new member, in the place of an earlier one of that name.
    func member(_ name: String) -> EncodedNode {
        let node = EncodedNode()
        var members: [String: EncodedNode] = [:]
        if case .object(let earlier) = content { members = earlier }
        content = .object([:])
        members[name] = node
        content = .object(members)
        return node
    }

    var count: Int { if case .array(let elements) = content { elements.count } else { 0 } }
}

struct TreeEncoder: Encoder {
    let node: EncodedNode
    let codingPath: [any CodingKey]

    init(_ node: EncodedNode, _ path: [any CodingKey]) {
        self.node = node
        codingPath = path
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = node.content {} else { node.content = .object([:]) }
        return KeyedEncodingContainer(EncodedMembers(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = node.content {} else { node.content = .array([]) }
        return EncodedElements(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { EncodedScalar(encoder: self) }
}

private struct EncodedMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: TreeEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    private func member(_ key: some CodingKey) -> TreeEncoder {
        TreeEncoder(encoder.node.member(key.stringValue), codingPath + [key])
    }

    func encodeNil(forKey key: Key) { member(key).node.content = .text("null") }
    func encode(_ value: some Encodable, forKey key: Key) throws { try value.encode(to: member(key)) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        member(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { member(key).unkeyedContainer() }
    func superEncoder() -> any Encoder { member(SuperKey()) }
    func superEncoder(forKey key: Key) -> any Encoder { member(key) }
}

private struct EncodedElements: UnkeyedEncodingContainer {
    let encoder: TreeEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.node.count }

    private func element() -> TreeEncoder {
        let key = IndexKey(count)
        return TreeEncoder(encoder.node.append(), codingPath + [key])
    }

    func encodeNil() { element().node.content = .text("null") }
    func encode(_ value: some Encodable) throws { try value.encode(to: element()) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        element().container(keyedBy: type)
    }
    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
    func superEncoder() -> any Encoder { element() }
}

private struct EncodedScalar: SingleValueEncodingContainer {
    let encoder: TreeEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    private func text(_ text: String) { encoder.node.content = .text(text) }

    private func real(_ value: some BinaryFloatingPoint & LosslessStringConvertible) throws {
        guard value.isFinite else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(codingPath: codingPath, debugDescription: "JSON has no number for \(value)"))
        }
        let digits = value.description
        text(digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits)
    }

    func encodeNil() { text("null") }
    func encode(_ value: Bool) { text(value ? "true" : "false") }
    func encode(_ value: String) { encoder.node.content = .string(value) }
    func encode(_ value: Double) throws { try real(value) }
    func encode(_ value: Float) throws { try real(value) }
    func encode(_ value: Int) { text("\(value)") }
    func encode(_ value: Int8) { text("\(value)") }
    func encode(_ value: Int16) { text("\(value)") }
    func encode(_ value: Int32) { text("\(value)") }
    func encode(_ value: Int64) { text("\(value)") }
    func encode(_ value: UInt) { text("\(value)") }
    func encode(_ value: UInt8) { text("\(value)") }
    func encode(_ value: UInt16) { text("\(value)") }
    func encode(_ value: UInt32) { text("\(value)") }
    func encode(_ value: UInt64) { text("\(value)") }
    func encode(_ value: some Encodable) throws { try value.encode(to: encoder) }
}
