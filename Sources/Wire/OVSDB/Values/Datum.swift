/// What a column of a row holds: a `<value>`, which is an atom, a set or a map (RFC 7047, section 5.1).
///
/// A set of one element and that element are the same value, on the wire as here. So are a set and a map of nothing.
public struct Datum: Hashable, Sendable {
    // Flat, since thousands are kept: 24 bytes each, and nothing on the heap for most.
    enum Storage: Sendable {
        case integer(Int64)
        case real(Double)
        case boolean(Bool)
        case string(String)
        case row(RowID)
        case newRow(String)
        /// Sorted, without repetitions, never exactly one.
        case set([Atom])
        /// Key, value, key, value …, sorted by key, without repetitions.
        case map([Atom])
    }
    let storage: Storage

    init(_ storage: Storage) { self.storage = storage }

    /// One atom.
    public init(_ atom: Atom) {
        storage =
            switch atom {
            case .integer(let number): .integer(number)
            case .real(let number): .real(number)
            case .boolean(let flag): .boolean(flag)
            case .string(let text): .string(text)
            case .row(let id): .row(id)
            case .newRow(let name): .newRow(name)
            }
    }

    /// Text.
    public init(_ string: String) { storage = .string(string) }
    /// An integer.
    public init(_ integer: Int64) { storage = .integer(integer) }
    /// A truth value.
    public init(_ flag: Bool) { storage = .boolean(flag) }
    /// A row.
    public init(_ row: RowID) { storage = .row(row) }

    /// A set; repetitions count once.
    public static func set(_ atoms: some Sequence<Atom>) -> Datum { Datum(unsortedSet: Array(atoms)) }

    /// A set of rows.
    public static func set(_ rows: some Sequence<RowID>) -> Datum { Datum(unsortedSet: rows.map(Atom.row)) }

    /// A set of integers.
    public static func set(_ integers: some Sequence<Int64>) -> Datum { Datum(unsortedSet: integers.map(Atom.integer)) }

    /// A map; of a repeated key the last value counts.
    public static func map(_ pairs: some Sequence<(Atom, Atom)>) -> Datum {
        Datum(unsortedMap: pairs.flatMap { [$0.0, $0.1] })
    }

    /// A map of texts.
    public static func map(_ pairs: [String: String]) -> Datum {
        map(pairs.lazy.map { (.string($0.key), .string($0.value)) })
    }

    /// A map with a single pair.
    public static func map(_ key: String, _ value: String) -> Datum { Datum(.map([.string(key), .string(value)])) }

    /// Nothing: an empty set or, where the column is one, an empty map.
    public static let empty = Datum(.set([]))

    init(unsortedSet atoms: [Atom]) {
        var atoms = atoms
        if !Self.isAscending(atoms, step: 1) {
            atoms.sort()
            var kept = 0
            for index in atoms.indices where index == 0 || atoms[index] != atoms[kept - 1] {
                atoms[kept] = atoms[index]
                kept += 1
            }
            atoms.removeLast(atoms.count - kept)
        }
        if atoms.count == 1, let only = atoms.first { self.init(only) } else { self.init(.set(atoms)) }
    }

    init(unsortedMap flat: [Atom]) {
        guard !Self.isAscending(flat, step: 2) else {
            self.init(.map(flat))
            return
        }
        let order = stride(from: 0, to: flat.count, by: 2).sorted {
            flat[$0] != flat[$1] ? flat[$0] < flat[$1] : $0 < $1
        }
        var sorted: [Atom] = []
        sorted.reserveCapacity(flat.count)
        for index in order {
            if sorted.count >= 2, sorted[sorted.count - 2] == flat[index] { sorted.removeLast(2) }
            sorted.append(flat[index])
            sorted.append(flat[index + 1])
        }
        self.init(.map(sorted))
    }

    private static func isAscending(_ atoms: [Atom], step: Int) -> Bool {
        var index = step
        while index < atoms.count {
            guard atoms[index - step] < atoms[index] else { return false }
            index += step
        }
        return true
    }

    /// Equal if they hold the same.
    public static func == (left: Datum, right: Datum) -> Bool {
        switch (left.storage, right.storage) {
        case (.map(let left), .map(let right)), (.set(let left), .set(let right)): left == right
        case (.map(let left), .set(let right)), (.set(let left), .map(let right)): left.isEmpty && right.isEmpty
        case (.map, _), (_, .map), (.set, _), (_, .set): false
        default: left.atoms == right.atoms
        }
    }

    /// Hashes what it holds.
    public func hash(into hasher: inout Hasher) {
        switch storage {
        case .map(let atoms), .set(let atoms): hasher.combine(atoms)
        default: hasher.combine(atoms)
        }
    }
}

extension Datum {
    /// Whether it holds nothing.
    public var isEmpty: Bool {
        switch storage {
        case .set(let atoms), .map(let atoms): atoms.isEmpty
        default: false
        }
    }

    /// The elements of a set, or the one atom, in order. A map's are its keys and values in turn.
    public var atoms: [Atom] {
        switch storage {
        case .set(let atoms), .map(let atoms): atoms
        default: single.map { [$0] } ?? []
        }
    }

    /// The one atom; nil for sets of other sizes and for maps.
    public var single: Atom? {
        switch storage {
        case .integer(let number): .integer(number)
        case .real(let number): .real(number)
        case .boolean(let flag): .boolean(flag)
        case .string(let text): .string(text)
        case .row(let id): .row(id)
        case .newRow(let name): .newRow(name)
        case .set, .map: nil
        }
    }

    /// A map's pairs in the order of their keys; empty for others.
    public var pairs: [(key: Atom, value: Atom)] {
        guard case .map(let flat) = storage else { return [] }
        return stride(from: 0, to: flat.count - 1, by: 2).map { (flat[$0], flat[$0 + 1]) }
    }

    /// The text; nil if it is empty or another type.
    public var string: String? { if case .string(let text) = storage { text } else { nil } }
    /// The integer; nil if it is empty or another type.
    public var integer: Int64? { if case .integer(let number) = storage { number } else { nil } }
    /// The number; nil if it is empty or another type.
    public var real: Double? { if case .real(let number) = storage { number } else { nil } }
    /// The truth value; nil if it is empty or another type.
    public var boolean: Bool? { if case .boolean(let flag) = storage { flag } else { nil } }
    /// The row; nil if it is empty or another type.
    public var row: RowID? { if case .row(let id) = storage { id } else { nil } }

    /// A map of texts; pairs of other types are left out.
    public var strings: [String: String] {
        var result: [String: String] = [:]
        for case (.string(let key), .string(let value)) in pairs { result[key] = value }
        return result
    }

    /// A map from texts to integers, as statistics are; pairs of other types are left out.
    public var integers: [String: Int64] {
        var result: [String: Int64] = [:]
        for case (.string(let key), .integer(let value)) in pairs { result[key] = value }
        return result
    }

    /// The rows of a set.
    public var rows: Set<RowID> {
        if case .row(let id) = storage { return [id] }
        return elements { if case .row(let id) = $0 { id } else { nil } }
    }

    /// The integers of a set.
    public var integerSet: Set<Int64> {
        if case .integer(let number) = storage { return [number] }
        return elements { if case .integer(let number) = $0 { number } else { nil } }
    }

    /// The texts of a set.
    public var stringSet: Set<String> {
        if case .string(let text) = storage { return [text] }
        return elements { if case .string(let text) = $0 { text } else { nil } }
    }

    private func elements<Element: Hashable>(_ value: (Atom) -> Element?) -> Set<Element> {
        if case .set(let atoms) = storage { Set(atoms.compactMap(value)) } else { [] }
    }
}
