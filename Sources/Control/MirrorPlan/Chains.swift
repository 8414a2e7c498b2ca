import MirrorModel

/// How many mirrors a copy goes through in a row, one's output being, or leading to, another's source.
struct Chains {
    private var before: [MirrorName: Int] = [:]
    private var after: [MirrorName: Int] = [:]

    /// - Parameter followers: for each mirror, those that copy its copies; mirrors without any may be left out.
    init(_ followers: [MirrorName: Set<MirrorName>]) {
        guard !followers.isEmpty else { return }
        // Mirrors on a cycle are refused for that; the way to them isn't long because of it.
        let looping = Set(followers.keys.filter { Self.reaches($0, from: $0, followers) })
        var ahead: [MirrorName: Set<MirrorName>] = [:]
        var back: [MirrorName: Set<MirrorName>] = [:]
        for (name, next) in followers where !looping.contains(name) {
            for other in next where !looping.contains(other) {
                ahead[name, default: []].insert(other)
                back[other, default: []].insert(name)
            }
        }
        for name in ahead.keys { _ = Self.longest(name, ahead, &after) }
        for name in back.keys { _ = Self.longest(name, back, &before) }
    }

    /// The longest chain that the mirror is part of; 1 if it stands alone.
    func length(through mirror: MirrorName) -> Int { (before[mirror] ?? 1) + (after[mirror] ?? 1) - 1 }

    private static func reaches(
        _ goal: MirrorName, from start: MirrorName, _ followers: [MirrorName: Set<MirrorName>]
    ) -> Bool {
        var seen: Set<MirrorName> = []
        var open = Array(followers[start] ?? [])
        while let name = open.popLast() {
            if name == goal { return true }
            if seen.insert(name).inserted { open += followers[name] ?? [] }
        }
        return false
    }

    /// The graph has no cycle left.
    private static func longest(
        _ name: MirrorName, _ next: [MirrorName: Set<MirrorName>], _ known: inout [MirrorName: Int]
    ) -> Int {
        if let length = known[name] { return length }
        var length = 1
        for other in next[name] ?? [] { length = max(length, 1 + longest(other, next, &known)) }
        known[name] = length
        return length
    }
}
