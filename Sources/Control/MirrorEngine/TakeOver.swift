public import MirrorModel
public import MirrorPlan

/// Mirrors of others that become this tool's while they run.
public struct TakeOver: Sendable {
    /// Their definitions.
    public private(set) var mirrors: [Mirror]
    /// What they are made of.
    public private(set) var adoption: Adoption
    /// What a person should know: what isn't taken over, and why; what will be different.
    public private(set) var remarks: [String]
    /// Whether something was left as it is.
    public private(set) var isIncomplete: Bool

    /// - Throws: ``UserError`` if a name is asked for that no mirror gets, or that can't be taken over.
    init(_ scope: PlanScope, observed: Observation, defined: [Mirror]) throws {
        let found = importMirrors(observed, defined: defined, for: .takeOver)
        remarks = found.remarks
        isIncomplete = found.isIncomplete
        if case .only(let names) = scope { try Self.check(names, found) }
        mirrors = found.mirrors.filter { scope.contains($0.name) && found.obstacles[$0.name] == nil }
        adoption = found.adoption.only(Set(mirrors.map(\.name)))
        for (name, reason) in found.obstacles.sorted(by: { $0.key < $1.key }) where scope.contains(name) {
            remarks.append("mirror \(name) isn't taken over: \(reason)")
            isIncomplete = true
        }
    }

    private static func check(_ names: Set<MirrorName>, _ found: Import) throws {
        let unknown = names.subtracting(found.mirrors.map(\.name)).sorted()
        guard unknown.isEmpty else {
            let all = found.mirrors.map(\.name.description).joined(separator: ", ")
            let names = unknown.map(\.description).joined(separator: ", ")
            throw UserError(
                each: ["others have no mirror that would be called \(names)"] + found.remarks,
                advice: found.mirrors.isEmpty ? "there is nothing to take over" : "there are: \(all)")
        }
        for name in names.sorted() {
            if let reason = found.obstacles[name] {
                throw UserError("mirror \(name) can't be taken over: \(reason)", advice: "nothing was changed")
            }
        }
    }
}
