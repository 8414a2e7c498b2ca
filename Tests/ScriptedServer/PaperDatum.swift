import OVSDB

/// What stands in a column: a set (one element for a plain value) or a map, as JSON has its elements.
enum PaperDatum: Equatable {
    case set(Set<JSONValue>)
    case map([JSONValue: JSONValue])

    /// - Parameter json: `<value>` (RFC 7047, section 5.1).
    init(_ json: JSONValue) {
        guard let parts = json.array, parts.count == 2, let elements = parts[1].array else {
            self = .set([json])
            return
        }
        switch parts[0] {
        case .string("set"): self = .set(Set(elements))
        case .string("map"):
            let pairs = elements.compactMap(\.array).filter { $0.count == 2 }
            self = .map(Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first }))
        default: self = .set([json])
        }
    }

    var json: JSONValue {
        switch self {
        case .set(let elements) where elements.count == 1: elements.first ?? .null
        case .set(let elements): .array([.string("set"), .array(Self.sorted(elements))])
        case .map(let pairs):
            .array([.string("map"), .array(Self.sorted(pairs.keys).map { .array([$0, pairs[$0] ?? .null]) })])
        }
    }

    private static func sorted(_ elements: some Sequence<JSONValue>) -> [JSONValue] {
        elements.sorted { String(decoding: $0.encoded, as: UTF8.self) < String(decoding: $1.encoded, as: UTF8.self) }
    }

    var isMap: Bool { if case .map = self { true } else { false } }

    /// The same with names of new rows (`named-uuid`) in the place of these.
    func resolving(_ names: [String: JSONValue]) -> PaperDatum {
        guard case .set(let elements) = self else { return self }
        return .set(
            Set(
                elements.map { element in
                    guard let parts = element.array, parts.first == .string("named-uuid"), let name = parts.last?.string
                    else { return element }
                    return names[name] ?? element
                }))
    }

    /// `<condition>` (RFC 7047, section 5.1).
    func meets(_ function: String, _ other: PaperDatum) -> Bool {
        switch (function, self, other) {
        case ("==", _, _): self == other
        case ("!=", _, _): self != other
        case ("includes", .set(let own), .set(let wanted)): own.isSuperset(of: wanted)
        case ("excludes", .set(let own), .set(let unwanted)): own.isDisjoint(with: unwanted)
        case ("includes", .map(let own), .map(let wanted)): wanted.allSatisfy { own[$0.key] == $0.value }
        case ("excludes", .map(let own), .map(let unwanted)): unwanted.allSatisfy { own[$0.key] != $0.value }
        default: false
        }
    }

    /// `<mutation>`; nil for one that isn't known.
    func mutated(_ mutator: String, _ other: PaperDatum) -> PaperDatum? {
        switch (mutator, self, other) {
        case ("+=", .set(let own), .set(let added)):
            guard case .integer(let number)? = own.first, case .integer(let more)? = added.first else { return nil }
            return .set([.integer(number + more)])
        case ("insert", .set(let own), .set(let added)): return .set(own.union(added))
        case ("delete", .set(let own), .set(let gone)): return .set(own.subtracting(gone))
        case ("insert", .map(let own), .map(let added)): return .map(own.merging(added) { first, _ in first })
        case ("delete", .map(let own), .set(let gone)): return .map(own.filter { !gone.contains($0.key) })
        case ("delete", .map(let own), .map(let gone)): return .map(own.filter { gone[$0.key] != $0.value })
        default: return nil
        }
    }

    /// What `update3` tells of a change (ovsdb-server(7), section 4.1.14): elements and pairs that came, went or changed.
    /// - Parameter isSingle: whether the column has one value at most, which is told as it is.
    func difference(to new: PaperDatum, isSingle: Bool) -> PaperDatum {
        switch (self, new) {
        case (.set(let old), .set(let new)) where !isSingle: .set(old.symmetricDifference(new))
        case (.map(let old), .map(let new)):
            .map(
                new.filter { old[$0.key] != $0.value }.merging(old.filter { new[$0.key] == nil }) { first, _ in first })
        default: new
        }
    }
}
