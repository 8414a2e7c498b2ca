import MirrorModel

/// How many there are of each: copies are compared without regard to order, but none may be missing or too many.
public struct Multiset<Element: Hashable> {
    /// Each element and how often it is there; never 0.
    public private(set) var counts: [Element: Int] = [:]

    /// An empty multiset.
    public init() {}

    /// A multiset of the elements, each as often as it comes.
    public init(_ elements: some Sequence<Element>) {
        for element in elements { add(element) }
    }

    /// How many elements there are, repeated ones counted each time.
    public var total: Int { counts.values.reduce(0, +) }

    /// Whether there are none.
    public var isEmpty: Bool { counts.isEmpty }

    /// How often the element is there.
    public subscript(_ element: Element) -> Int { counts[element, default: 0] }

    /// Adds an element, as often as is said; nothing if that is less than once.
    public mutating func add(_ element: Element, times: Int = 1) {
        if times > 0 { counts[element, default: 0] += times }
    }

    /// Adds all of another multiset's elements.
    public mutating func add(_ other: Self) {
        for (element, times) in other.counts { add(element, times: times) }
    }

    /// What is left after each of the other's elements has taken away one like it.
    public func subtracting(_ other: Self) -> Self {
        var rest = Self()
        for (element, times) in counts { rest.add(element, times: times - other[element]) }
        return rest
    }
}

extension Multiset: Equatable {}
extension Multiset: Hashable {}
extension Multiset: Sendable where Element: Sendable {}
