namespace Portal.Model.Shared;

/// <summary>
/// What EF Core does not describe: the trigger by which every change of a row that pages show is told to them (it is a trigger so that no
/// writer can forget it), and the ones that keep the audit as it was written, from its owner too, and the ledger from web and worker. Each
/// statement can be run again at any time; the migrator does so after the migrations.
/// </summary>
public static class DatabaseObjects
{
    /// <summary>The channel of PostgreSQL's LISTEN/NOTIFY. The payload is <c>table account-id row-id</c>.</summary>
    public const string Channel = "portal_changes";

    private static readonly string[] Watched =
    [
        "Instances",
        "GuestRequests",
        "Images",
        "Cards",
        "CardSetups",
        "KeyPairs",
        "Regions",
        "Sessions",
        "Incidents",
        "ConsoleTickets",
        "Users",
        "Mails",
        "Networks",
        "Subnets",
        "SecurityGroups",
        "NetworkInterfaces",
        "PublicAddresses",
        "Peerings",
        "AlertRules",
        "Buckets",
        "AccessKeys",
        "ObjectOperations",
        "ObjectStores",
        "ObjectStoreChanges",
        "ObjectStoreUsers",
        "Volumes",
        "Snapshots",
        "BackupSchedules",
        "PrivateImages",
        "Accounts",
    ];

    public static string Sql => string.Join('\n', [Function, .. Watched.Select(Trigger), AppendOnly, Ledger, Reconcile]);

    private const string Function = """
        CREATE OR REPLACE FUNCTION portal_notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            changed jsonb := to_jsonb(COALESCE(NEW, OLD));
        BEGIN
            PERFORM pg_notify('portal_changes', TG_TABLE_NAME || ' ' || COALESCE(changed->>'AccountId', '-') || ' ' || (changed->>'Id'));
            RETURN NULL;
        END $$;
        """;

    /// <summary>ALWAYS: a session that says it applies a replica's changes is no way around it.</summary>
    private const string AppendOnly = """
        CREATE OR REPLACE FUNCTION portal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'Rows of % are never changed or deleted.', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
        END $$;
        CREATE OR REPLACE TRIGGER portal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "AuditEntries"
            FOR EACH STATEMENT EXECUTE FUNCTION portal_append_only();
        ALTER TABLE "AuditEntries" ENABLE ALWAYS TRIGGER portal_append_only;
        """;

    /// <summary>
    /// A span is of something, ends once, and not before it began, and its quantity only grows; and nobody says of himself that Portal was
    /// restored, which makes spans free, or takes that back. Who does not count, as the web, which ends what people let go of, opens and
    /// ends spans now and not at some time before. But for the tables' owner: that is who restores, and <see cref="Reconcile"/>. It says
    /// nothing where one role does everything.
    /// </summary>
    private const string Ledger = """
        CREATE OR REPLACE FUNCTION portal_is_owner(relation oid) RETURNS boolean LANGUAGE sql STABLE AS $$
            SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class WHERE oid = relation
        $$;
        CREATE OR REPLACE FUNCTION portal_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            since timestamptz;
            until timestamptz;
        BEGIN
            IF portal_is_owner(TG_RELID) THEN
                RETURN NEW;
            END IF;
            IF NEW."Quantity" < 0 OR NEW."To" < NEW."From" OR NOT isfinite(NEW."From") OR NOT isfinite(NEW."To") THEN
                RAISE EXCEPTION 'That is no span of use.' USING ERRCODE = 'insufficient_privilege';
            END IF;
            IF TG_OP = 'UPDATE' THEN
                IF NEW."Quantity" < OLD."Quantity" OR (OLD."To" IS NOT NULL AND NEW."To" IS DISTINCT FROM OLD."To") THEN
                    RAISE EXCEPTION 'A span of use ends once, and its quantity only grows.' USING ERRCODE = 'insufficient_privilege';
                END IF;
            END IF;
            IF NOT has_column_privilege(current_user, TG_RELID, 'Quantity', 'UPDATE') THEN
                since := clock_timestamp() - interval '15 minutes';
                until := clock_timestamp() + interval '15 minutes';
                IF TG_OP = 'INSERT' AND (NEW."To" IS NOT NULL OR NEW."From" < since) THEN
                    RAISE EXCEPTION 'A span of use begins now.' USING ERRCODE = 'insufficient_privilege';
                END IF;
                IF TG_OP = 'UPDATE' AND NEW."To" NOT BETWEEN since AND GREATEST(until, NEW."From") THEN
                    RAISE EXCEPTION 'A span of use ends now.' USING ERRCODE = 'insufficient_privilege';
                END IF;
            END IF;
            RETURN NEW;
        END $$;
        CREATE OR REPLACE TRIGGER portal_ledger BEFORE INSERT OR UPDATE ON "UsageSpans" FOR EACH ROW EXECUTE FUNCTION portal_ledger();
        CREATE OR REPLACE FUNCTION portal_restored() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NOT portal_is_owner(TG_RELID) THEN
                RAISE EXCEPTION 'Only the owner of the database says that it was restored.' USING ERRCODE = 'insufficient_privilege';
            END IF;
            RETURN coalesce(NEW, OLD);
        END $$;
        CREATE OR REPLACE TRIGGER portal_restored BEFORE INSERT OR UPDATE ON "Incidents" FOR EACH ROW WHEN (NEW."Kind" = 'restored') EXECUTE FUNCTION portal_restored();
        CREATE OR REPLACE TRIGGER portal_still_restored BEFORE UPDATE OR DELETE ON "Incidents" FOR EACH ROW WHEN (OLD."Kind" = 'restored') EXECUTE FUNCTION portal_restored();
        """;

    /// <summary>
    /// What an operator's word does to the ledger of a restored Portal (<see cref="Billing.Restoration"/>): with the owner's rights, since
    /// nobody who serves rewrites it otherwise.
    /// </summary>
    private const string Reconcile = """
        CREATE OR REPLACE FUNCTION portal_reconcile(at timestamptz) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            restored timestamptz;
        BEGIN
            UPDATE "Incidents" SET "ClosedAt" = at WHERE "Kind" = 'restored' AND "ResourceId" = 'portal' AND "ClosedAt" IS NULL RETURNING "OpenedAt" INTO restored;
            IF restored IS NULL THEN
                RETURN false;
            END IF;
            IF NOT isfinite(at) OR at < restored THEN
                RAISE EXCEPTION 'What was restored is reconciled later than that.' USING ERRCODE = 'insufficient_privilege';
            END IF;
            UPDATE "UsageSpans" SET "To" = "From" WHERE "From" >= restored AND "To" IS NOT NULL;
            UPDATE "UsageSpans" SET "From" = at WHERE "From" >= restored AND "To" IS NULL;
            RETURN true;
        END $$;
        """;

    private static string Trigger(string table) =>
        $"""
            CREATE OR REPLACE TRIGGER portal_notify AFTER INSERT OR UPDATE OR DELETE ON "{table}"
                FOR EACH ROW EXECUTE FUNCTION portal_notify_change();
            """;
}
