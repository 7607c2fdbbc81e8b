using System.Xml.Linq;
using static Portal.Worker.Engines.Libvirt.LibvirtLibrary;

namespace Portal.Worker.Engines.Libvirt;

/// <summary>Copies of a running machine's disks. https://libvirt.org/kbase/live_full_disk_backup.html</summary>
internal sealed partial class Domain
{
    /// <summary>VIR_DOMAIN_BACKUP_BEGIN_REUSE_EXTERNAL: the file is there already, and belongs to the guests' user.</summary>
    private const uint IntoGivenFile = 1;

    /// <summary>VIR_DOMAIN_JOB_STATS_COMPLETED and KEEP_COMPLETED: of the last job, and it may be asked again.</summary>
    private const uint OfLastJob = 1 | 2;

    /// <summary>virDomainJobType and virDomainJobOperation.</summary>
    private const int NoJob = 0;
    private const int Completed = 3;
    private const int Backup = 9;

    public void BeginBackup(XElement xml) => session.Check(virDomainBackupBegin(handle, xml.ToString(), null, IntoGivenFile));

    public void AbortJob() => session.CheckStopped(virDomainAbortJob(handle));

    /// <summary>A long change of the whole machine is under way: a copy, for all that Portal asks for.</summary>
    public bool HasJob() => Job(0).Type != NoJob;

    /// <summary>The disk that libvirt says is being copied into this file, as the engine knows it; null for none.</summary>
    public unsafe string? DiskCopiedTo(string file) =>
        Take(virDomainBackupGetXMLDesc(handle, 0)) is { } text
            ? XElement
                .Parse(text)
                .Descendants("disk")
                .Where(disk => (string?)disk.Element("target")?.Attribute("file") == file)
                .Select(disk => (string?)disk.Attribute("name"))
                .FirstOrDefault()
            : null;

    /// <summary>QEMU is at work on the disk.</summary>
    public bool IsAtWorkOn(string disk) => session.Check(virDomainGetBlockJobInfo(handle, disk, out _, 0)) > 0;

    public bool LastBackupSucceeded() => Job(OfLastJob) is { Type: Completed, Operation: Backup };

    private unsafe (int Type, int Operation) Job(uint flags)
    {
        session.Check(virDomainGetJobStats(handle, out var type, out var parameters, out var count, flags));
        var operation = 0;
        for (var i = 0; i < count; i++)
        {
            if (System.Runtime.InteropServices.Marshal.PtrToStringUTF8((nint)parameters[i].Field) is "operation")
            {
                operation = (int)(parameters[i].Value & 0xffffffff);
            }
        }

        virTypedParamsFree(parameters, count);
        return (type, operation);
    }
}
