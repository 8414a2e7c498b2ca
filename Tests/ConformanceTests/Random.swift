/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from the same seed, everywhere and for ever.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// Yes in so many of 100 cases.
    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of the elements; the fallback if there is none.
    mutating func pick<Element>(_ elements: [Element], or fallback: Element) -> Element {
        elements.randomElement(using: &self) ?? fallback
    }

    /// One of the elements, each as likely as its weight.
    mutating func pick<Element>(weighted elements: [(Int, Element)], or fallback: Element) -> Element {
        var rest = Int.random(in: 0..<max(1, elements.map(\.0).reduce(0, +)), using: &self)
        for (weight, element) in elements {
            if rest < weight { return element }
            rest -= weight
        }
        return fallback
    }

    /// So many of the elements, none twice; fewer if there are fewer.
    mutating func some<Element>(_ count: Int, of elements: [Element]) -> [Element] {
        Array(elements.shuffled(using: &self).prefix(count))
    }
}
