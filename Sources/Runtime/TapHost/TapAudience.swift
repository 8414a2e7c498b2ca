public import Tap

/// Who is told what a tap has to say. Nothing here may keep the tap from copying for long.
public protocol TapAudience {
    /// Something to know before it begins, a sentence without a full stop.
    func warn(_ words: String)
    /// Something that has happened meanwhile.
    func remark(_ words: String)
    /// The numbers, asked for or at an interval.
    func tell(_ counts: TapCounts)
    /// Whether somebody looks on, who is shown the numbers each second.
    var looksOn: Bool { get }
    /// The numbers for who looks on.
    func show(_ counts: TapCounts)
    /// The numbers at the end.
    func tellEnd(_ counts: TapCounts)
}
