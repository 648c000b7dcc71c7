//! The databases of an installation: one per service, owned by a role that the service does not have.

use backing::Postgres;
use secrecy::SecretString;

use super::{Installation, SERVICES};

impl Installation {
    pub(super) async fn prepare_databases(&self, postgres: &Postgres) -> anyhow::Result<()> {
        // The default lets every role into these two as well.
        postgres.run_sql("postgres", "REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC").await?;
        for service in SERVICES {
            let secrets = self.secrets.service(service);
            // Names are constants of this project, passwords are letters and digits drawn by it.
            let roles = format!(
                "DO $$ BEGIN
                   IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'chengqing_{service}') THEN
                     CREATE ROLE chengqing_{service} LOGIN PASSWORD '{}';
                     CREATE ROLE chengqing_{service}_owner LOGIN PASSWORD '{}';
                   END IF;
                 END $$",
                secrets.database_password, secrets.owner_password,
            );
            postgres.run_sql("postgres", &roles).await?;
            let exists = postgres
                .run_sql(
                    "postgres",
                    &format!("SELECT 1 FROM pg_database WHERE datname = 'chengqing_{service}'"),
                )
                .await?;
            if exists.trim().is_empty() {
                postgres
                    .run_sql(
                        "postgres",
                        &format!("CREATE DATABASE chengqing_{service} OWNER chengqing_{service}_owner"),
                    )
                    .await?;
                // Only the owner and the service come in; the default lets everybody connect.
                postgres
                    .run_sql(
                        "postgres",
                        &format!(
                            "REVOKE ALL ON DATABASE chengqing_{service} FROM PUBLIC;
                             GRANT CONNECT ON DATABASE chengqing_{service} TO chengqing_{service}"
                        ),
                    )
                    .await?;
            }
            crate::serve::migrate(service, &self.owner_url(service)).await?;
        }
        Ok(())
    }

    /// Where the owner of a service's database reaches it.
    #[must_use]
    pub fn owner_url(&self, service: &str) -> SecretString {
        let password = &self.secrets.service(service).owner_password;
        format!(
            "postgres://chengqing_{service}_owner:{password}@127.0.0.1:{}/chengqing_{service}",
            self.ports.postgres
        )
        .into()
    }

    /// Where a running service reaches its database.
    #[must_use]
    pub fn service_url(&self, service: &str) -> SecretString {
        let password = &self.secrets.service(service).database_password;
        format!(
            "postgres://chengqing_{service}:{password}@127.0.0.1:{}/chengqing_{service}",
            self.ports.postgres
        )
        .into()
    }
}
