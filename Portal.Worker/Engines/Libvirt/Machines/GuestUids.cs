using System.Collections.Concurrent;
using System.Globalization;
using Portal.Model.Shared;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>
/// The uid, and gid of the same number, that each guest has to itself. Which is whose is written down as a link named by the uid, which
/// leads to the machine's id: made in one step, and only if no other has it. It goes with the last file of the guest's.
/// </summary>
internal sealed class GuestUids(EngineFolder folder)
{
    private readonly Lock gate = new();
    private readonly ConcurrentDictionary<string, int> known = new(StringComparer.Ordinal);

    /// <summary>The machine's own; given to it now if it has none.</summary>
    public int Of(string instanceId) => Find(instanceId) ?? Give(EngineFolder.Checked(instanceId));

    public int? Find(string instanceId)
    {
        if (known.TryGetValue(instanceId, out var uid))
        {
            return uid;
        }

        foreach (var (given, machine) in Given())
        {
            if (machine == instanceId)
            {
                return known[instanceId] = given;
            }
        }

        return null;
    }

    /// <summary>Nothing belongs to it any more: another machine may have it, after all others have had their turn.</summary>
    public void Release(string instanceId)
    {
        if (Find(instanceId) is { } uid)
        {
            known.TryRemove(instanceId, out _);
            File.Delete(LinkOf(uid));
        }
    }

    /// <summary>The first of the range is that of <c>bin/engine</c>, which looks by it what stands around a guest.</summary>
    private int Give(string instanceId)
    {
        var settings = folder.Settings();
        lock (gate)
        {
            if (Find(instanceId) is { } other)
            {
                return other;
            }

            var taken = Given().Select(given => given.Uid).ToHashSet();
            var last = File.Exists(Last) ? int.Parse(File.ReadAllText(Last), CultureInfo.InvariantCulture) : 0;
            foreach (
                var place in Enumerable
                    .Range(last + 1, settings.UidCount)
                    .Select(next => next % settings.UidCount)
                    .Where(place => place > 0 && !taken.Contains(settings.FirstUid + place))
            )
            {
                if (TryLink(settings.FirstUid + place, instanceId))
                {
                    File.WriteAllText(Last, place.ToString(CultureInfo.InvariantCulture));
                    return known[instanceId] = settings.FirstUid + place;
                }
            }
        }

        throw new EngineException(EngineFault.Unavailable, "The host has no more users for guests.");
    }

    private bool TryLink(int uid, string instanceId)
    {
        try
        {
            File.CreateSymbolicLink(LinkOf(uid), instanceId);
            return true;
        }
        catch (IOException) when (new FileInfo(LinkOf(uid)).LinkTarget is not null)
        {
            return false;
        }
    }

    private IEnumerable<(int Uid, string? Machine)> Given() =>
        new DirectoryInfo(folder.Uids)
            .EnumerateFiles()
            .Where(file => file.LinkTarget is not null)
            .Select(file => (int.Parse(file.Name, CultureInfo.InvariantCulture), file.LinkTarget));

    private string Last => Path.Combine(folder.Uids, "last");

    private string LinkOf(int uid) => Path.Combine(folder.Uids, uid.ToString(CultureInfo.InvariantCulture));
}
